"""Tasks that are left to families' queues: who holds their leases, and what their answers become."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime

from tiercel import clock
from tiercel_orchestrator.dispatch.returning import Answer
from tiercel_orchestrator.kernel.rows import Execution, TaskRun
from tiercel_orchestrator.shell.pump import Pump
from tiercel_orchestrator.shell.work import Work
from tiercel_orchestrator.store.port import Handed, Store

OWNER = "queues"
"""Who holds the lease of what lies in a queue: no engine, so none gives it back with its end."""


class HandingOver:
    """Leaves leases to the queues; those that come together are one statement."""

    def __init__(self, store: Store, pump: Pump) -> None:
        self.store = store
        self.pump = pump
        self.waiting: deque[Handed] = deque()

    async def __call__(self, run: TaskRun, until: datetime) -> None:
        """Note that a dispatch is waited for until a moment; only then it is no more ours."""
        self.waiting.append(Handed(run.id, run.lease, until))
        await self.pump.in_store(self._write)

    def _write(self) -> None:
        """Write for all that wait; who comes later finds nothing left to do. On the store's thread."""
        handed = []
        while self.waiting:
            handed.append(self.waiting.popleft())
        try:
            if handed:
                self.store.hand_over(handed, OWNER)
        except BaseException:
            self.waiting.extendleft(reversed(handed))  # the others of them ask, too
            raise


class Answering:
    """Takes in answers, a batch of them in one commit."""

    def __init__(self, store: Store, pump: Pump, work: Work) -> None:
        self.store = store
        self.pump = pump
        self.work = work

    async def take_in(self, answers: Sequence[Answer]) -> list[Answer]:
        """Write what families have sent back, unless it is late; what follows from it is the pump's.

        Gives the answers to task runs that this store does not have.
        """
        reports = []
        waiting = {(answer.run_id, answer.lease): answer for answer in answers}
        runs, known = await self.pump.in_store(self._runs, [answer.run_id for answer in answers])
        for run, execution in runs:
            answer = waiting.get((run.id, run.lease))
            if answer is None:
                continue
            report = await self.work.answered(run, execution, answer.result)
            if report is not None:
                reports.append(report)
        if reports:
            now = clock.now()
            deciding = self.pump.deciding(now)
            self.pump.committed(await self.pump.in_store(self.store.finish, reports, deciding, now))
        return [answer for answer in answers if answer.run_id not in known]

    def _runs(self, run_ids: Sequence[str]) -> tuple[list[tuple[TaskRun, Execution]], set[str]]:
        """Read the runs that are answered and still wait, and name those that are known at all.

        On the store's thread.
        """
        known = set()
        executions: dict[str, Execution | None] = {}
        found = []
        for run in self.store.runs(run_ids):
            known.add(run.id)
            if run.work != "leased":
                continue
            if run.execution_id not in executions:
                executions[run.execution_id] = self.store.execution(run.execution_id)
            execution = executions[run.execution_id]
            if execution is not None:
                found.append((run, execution))
        return found, known
