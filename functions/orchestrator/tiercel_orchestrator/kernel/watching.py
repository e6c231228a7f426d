"""Agreements on an execution's service (`sla`): how long it may take, and what has to hold while it runs."""

from collections.abc import Mapping
from typing import Any

from tiercel.expressions import truthy
from tiercel.flows.models import Agreement
from tiercel_orchestrator.kernel import executions, states
from tiercel_orchestrator.kernel.deciding import Deciding
from tiercel_orchestrator.kernel.decision import Wants
from tiercel_orchestrator.kernel.events import Answered
from tiercel_orchestrator.kernel.ids import derive
from tiercel_orchestrator.kernel.rows import Execution, TaskRun

ENDS = {"FAIL": states.FAILED, "CANCEL": states.CANCELLED}


def begin(deciding: Deciding, root: TaskRun) -> None:
    """Set a monitor for each agreement on time."""
    for agreement in deciding.flow.agreements:
        if agreement.duration is not None:
            monitor = lay_down(deciding, root, monitor_id(deciding.execution, agreement))
            deciding.wait(monitor, "timer", deciding.now + agreement.duration)


def end(deciding: Deciding) -> None:
    """Take the monitors away again."""
    deciding.decision.dropped += [
        monitor_id(deciding.execution, agreement)
        for agreement in deciding.flow.agreements
        if agreement.duration is not None
    ]


def look(deciding: Deciding, root: TaskRun, child: TaskRun) -> bool:
    """Ask whether what was agreed on holds, now that a task at the top has ended; say if it was asked."""
    if not assertions(deciding.flow.agreements) or deciding.execution.state in states.ENDED:
        return False
    monitor = lay_down(deciding, root, derive(child.id, child.attempt, "assertions"))
    deciding.ask(monitor, "assertions")
    return True


def due(deciding: Deciding, monitor: TaskRun) -> None:
    """The time that was agreed on is over."""
    for agreement in deciding.flow.agreements:
        if monitor.id == monitor_id(deciding.execution, agreement):
            _broken(deciding, agreement, f"it took longer than {agreement.duration}")
    _close(deciding, monitor)


def answered(deciding: Deciding, monitor: TaskRun, answer: Answered) -> None:
    """Take what has become of the assertions and go on; one that cannot be evaluated yet is not broken."""
    check(deciding, answer.values)
    _close(deciding, monitor)
    if deciding.execution.state not in states.ENDED:
        deciding.look_at(deciding.runs[monitor.parent_id or ""])


def check(deciding: Deciding, values: Mapping[str, Any]) -> None:
    """Do what broken agreements ask for."""
    for agreement in deciding.flow.agreements:
        if agreement.id in values and not truthy(values[agreement.id]):
            _broken(deciding, agreement, f"`{agreement.assertion}` does not hold")


def assertions(agreements: tuple[Agreement, ...]) -> dict[str, str]:
    """Give the templates that have to be true, by the agreement's id."""
    return {one.id: one.assertion for one in agreements if one.assertion is not None}


def monitor_id(execution: Execution, agreement: Agreement) -> str:
    """Name the monitor of an agreement."""
    return derive(execution.id, "sla", agreement.id)


def _broken(deciding: Deciding, agreement: Agreement, reason: str) -> None:
    execution, root = deciding.execution, deciding.root
    if execution.state in states.ENDED:
        return
    if agreement.behavior in ENDS and deciding.extent == "lineage":
        raise Wants("live")
    deciding.log(root, "WARN", f"The agreement '{agreement.id}' is broken: {reason}.")
    execution.labels = {**execution.labels, **agreement.labels}
    deciding.decision.execution_changed = True
    if agreement.behavior in ENDS:
        executions.kill(deciding, ENDS[agreement.behavior], of_runs=states.KILLED)


def lay_down(deciding: Deciding, above: TaskRun, run_id: str, of: str | None = None) -> TaskRun:
    """Lay down a monitor below a scope: of the execution, or `of` a run in that scope."""
    monitor = TaskRun(run_id, deciding.execution.id, None, above.id, role="monitor", value=of)
    monitor.enter(states.CREATED, deciding.now)
    deciding.runs[run_id] = monitor
    deciding.decision.created.append(monitor)
    return monitor


def _close(deciding: Deciding, monitor: TaskRun) -> None:
    if not monitor.ended:
        monitor.enter(states.SUCCESS, deciding.now)
        monitor.request = None
        deciding.wait(monitor, "")
