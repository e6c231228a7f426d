"""Executions made from ended ones: a replay from a task run on, a restart on another revision of the flow."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime

from tiercel.flows.models import Flow
from tiercel.flows.plans import Subflow
from tiercel_orchestrator.kernel import again
from tiercel_orchestrator.kernel.deciding import Deciding
from tiercel_orchestrator.kernel.decision import Touched
from tiercel_orchestrator.kernel.ids import derive, root_run_id
from tiercel_orchestrator.kernel.rows import Execution, TaskRun

CORRELATION_ID = "system.correlationId"
REPLAY = "system.replay"


class Copy:
    """An ended execution under a new id, with new ids for all of its task runs, on a revision of its flow.

    `refused` says why what was asked for cannot be done.
    """

    def __init__(
        self, flow: Flow, execution: Execution, runs: Sequence[TaskRun], new_id: str, now: datetime
    ) -> None:
        self.source = execution
        self.names = {run.id: derive(new_id, "copy of", run.id) for run in runs if run.role != "monitor"}
        self.names |= {run.id: root_run_id(new_id) for run in runs if run.is_root}
        self.execution = self._execution(execution, flow, new_id)
        known = flow.index
        copies = [
            self._run(run) for run in runs if run.id in self.names and (run.is_root or run.task_id in known)
        ]
        present = {run.id for run in copies}
        kept = {run.id: run for run in copies if run.is_root or run.parent_id in present}
        self.deciding = Deciding(flow, Touched(self.execution, kept, "all"), now)
        self.root = self.deciding.root

    @property
    def runs(self) -> list[TaskRun]:
        """The new execution's task runs, parents before children."""
        return list(self.deciding.runs.values())

    @property
    def refused(self) -> str | None:
        """Why there is no new execution."""
        return self.deciding.decision.refused

    def restart(self) -> None:
        """Run again what has failed."""
        again.restart(self.deciding, self.root)

    def replay(self, run_id: str) -> None:
        """Run again from a task run of the source on: it, and all that follows from it."""
        target = self.deciding.runs.get(self.names.get(run_id, ""))
        if not self.root.ended:
            self.deciding.refuse(again.RUNS.format(id=self.source.id, state=self.source.state))
        elif target is None or not target.shown:
            self.deciding.refuse(
                f"No task found to replay from: execution {self.source.id} has no run '{run_id}'."
            )
        else:
            again.run_again_from(self.deciding, target)
            self.execution.labels[REPLAY] = "true"

    def _execution(self, source: Execution, flow: Flow, new_id: str) -> Execution:
        return replace(
            deepcopy(source),
            id=new_id,
            revision=flow.revision,
            root_id=new_id,
            labels={**source.labels, CORRELATION_ID: new_id},
            parent_run_id=None,
            parent_id=source.id,
            original_id=source.original_id or source.id,
            original_created_at=None,
            attempt_number=1,
        )

    def _run(self, run: TaskRun) -> TaskRun:
        parent = self.names[run.parent_id] if run.parent_id is not None else None
        copy = deepcopy(run)
        if copy.frame is not None and isinstance(copy.frame.plan, Subflow):
            # what the source has started tells the source of its end, so a copy starts its own
            copy.frame.plan = replace(copy.frame.plan, restart_child=False)
        copy.id, copy.execution_id, copy.parent_id, copy.lease = (
            self.names[run.id],
            self.execution.id,
            parent,
            0,
        )
        return copy
