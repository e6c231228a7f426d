"""Questions to the database, answered as if the unit of work was written already."""

from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.ids import root_run_id
from tiercel_orchestrator.kernel.rows import Execution
from tiercel_orchestrator.store import codec
from tiercel_orchestrator.store.unit import Unit

HOLDS_SLOT = {states.RUNNING, states.PAUSED, states.KILLING, states.RETRYING}
"""The states in which an execution counts for its flow's limit; a RESTARTED one only asks for a slot."""


def live_children_roots(unit: Unit, execution_id: str) -> list[str]:
    """Name the root runs of executions that this one started and that have not ended."""
    ids = [row[0] for row in unit.transaction.all("children_of_execution", id=execution_id)]
    for created in unit.created_executions.values():
        parent = unit.run(created.parent_run_id) if created.parent_run_id else None
        if parent is not None and parent.execution_id == execution_id:
            ids.append(created.id)
    roots = [unit.run(root_run_id(child)) for child in dict.fromkeys(ids)]
    return [root.id for root in roots if root is not None and not root.ended]


def others_running(unit: Unit, execution: Execution) -> int:
    """Count the other executions of a flow that run or are paused.

    Others that count the same flow wait until this transaction has ended.
    """
    flow = {"namespace": execution.namespace, "flow_id": execution.flow_id}
    unit.transaction.lock_flow(**flow)
    known = codec.dump([execution.id, *unit.executions])
    row = unit.transaction.one("others_running", known=known, **flow)
    here = [one for one in _of_flow(unit, execution) if one.state in HOLDS_SLOT and one.id != execution.id]
    return len(here) + (int(row[0]) if row else 0)


def next_queued(unit: Unit, execution: Execution) -> str | None:
    """Name the root run of the flow's execution that has been QUEUED the longest."""
    flow = {"namespace": execution.namespace, "flow_id": execution.flow_id}
    unit.transaction.lock_flow(**flow)
    known = codec.dump([*unit.executions])
    here = [one for one in _of_flow(unit, execution) if one.state == states.QUEUED]
    found = [(unit.positions[one.id], one.id) for one in here]
    row = unit.transaction.one("next_queued", known=known, **flow)
    if row is not None:
        found.append((int(row[1]), row[0]))
    return root_run_id(min(found)[1]) if found else None


def _of_flow(unit: Unit, execution: Execution) -> list[Execution]:
    flow = (execution.namespace, execution.flow_id)
    return [one for one in unit.executions.values() if (one.namespace, one.flow_id) == flow]
