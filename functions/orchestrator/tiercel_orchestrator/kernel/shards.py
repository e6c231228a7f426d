"""The shards of a wide each: scopes of the engine's own that count its values for it.

Every value that ends writes the row that counts it. With one such row for all, workers that end values at
once would wait for each other; and what an each lays down in one go would grow with it.
"""

from tiercel.flows.plans import Each, Plan, Slice
from tiercel_orchestrator.kernel import states, task_runs
from tiercel_orchestrator.kernel.deciding import Deciding, frame_of
from tiercel_orchestrator.kernel.rows import Frame, TaskRun

WIDE = 64
"""From how many values on an each is sharded, if it limits nothing itself."""
SHARDS = 16


def is_wide(plan: Plan) -> bool:
    """Say whether the values of a scope are counted by shards."""
    return isinstance(plan, Each) and plan.limit == 0 and len(plan.values) > WIDE


def begin(deciding: Deciding, shard: TaskRun) -> None:
    """Begin with the values that fall to a shard: every sixteenth."""
    each = each_above(deciding, shard)
    task_runs.begin(deciding, shard)
    shard.frame = Frame(Slice(shard.iteration or 0, SHARDS, each.block, each.parallel_children))
    task_runs.go_on(deciding, shard)


def each_above(deciding: Deciding, shard: TaskRun) -> Each:
    """Give the plan whose values a shard takes."""
    plan = frame_of(deciding.runs[shard.parent_id or ""]).plan
    assert isinstance(plan, Each)
    return plan


def tell_failure(deciding: Deciding, scope: TaskRun, child: TaskRun) -> None:
    """Let the each know that a value has failed, so that none goes on to its next task."""
    if scope.role != "shard" or child.state not in states.UNSUCCESSFUL:
        return
    above = deciding.runs[scope.parent_id or ""]
    if not frame_of(above).failed:
        frame_of(above).failed = True
        deciding.touch(above)


def stopped(deciding: Deciding, scope: TaskRun) -> bool:
    """Say whether a value has failed, here or in another shard of the same each."""
    above = deciding.runs[scope.parent_id or ""] if scope.role == "shard" else scope
    return frame_of(scope).failed or frame_of(above).failed
