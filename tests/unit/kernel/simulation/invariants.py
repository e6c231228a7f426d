"""What holds whatever happens: of every decision, and of the rows after it."""

from collections.abc import Mapping
from dataclasses import fields

from tiercel.flows.models import Flow
from tiercel.flows.plans import Each, Slice
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.decision import Decision, Touched
from tiercel_orchestrator.kernel.events import Event, Operation
from tiercel_orchestrator.kernel.rows import Execution, TaskRun

Runs = Mapping[str, TaskRun]
KEPT = ("state", "outputs", "attempts", "attempt", "work", "path")


def check_decision(
    execution: Execution, runs: Runs, event: Event, decision: Decision, touched: Touched
) -> None:
    """Check that a decision names all that it changes, and leaves alone what has ended."""
    created = {run.id for run in decision.created}
    gone = set(decision.dropped)
    for run in touched.runs.values():
        before = runs.get(run.id)
        if run.id in created or run.id in gone or before == run:
            continue
        assert before is not None, f"{event} made {run.task_id} and does not say so"
        assert not decision.ignored, (
            f"{event} was ignored, yet changes {run.task_id}: {_difference(before, run)}"
        )
        named = run.id in decision.changed
        assert named, f"{event} changes {run.task_id} and does not say so: {_difference(before, run)}"
        if before.ended and run.ended and run.shown and not isinstance(event, Operation):
            kept = all(getattr(before, name) == getattr(run, name) for name in KEPT)
            assert kept, f"{event} changes {run.task_id}, which had ended: {_difference(before, run)}"
    same = execution == touched.execution
    assert same or decision.execution_changed, f"{event} changes the execution and does not say so"
    if execution.state in states.ENDED and not isinstance(event, Operation):
        before_after = f"{execution.state} to {touched.execution.state}"
        assert touched.execution.state == execution.state, f"{event} changes the end of it: {before_after}"
    for run in decision.created:
        assert run.id not in runs or run.id in gone, f"{event} makes {run.task_id} a second time"


def check_rows(flow: Flow, execution: Execution, runs: Runs) -> None:
    """Check that rows agree with one another."""
    children: dict[str, list[TaskRun]] = {}
    for run in runs.values():
        if run.parent_id is not None:
            children.setdefault(run.parent_id, []).append(run)
            assert run.parent_id in runs, f"{run.task_id} has lost its parent"
            assert run.ended or not runs[run.parent_id].ended, (
                f"{run.task_id} lives in a scope that has ended"
            )
        assert run.ended == (run.work == ""), f"{run.task_id} is {run.state} and waits for {run.work!r}"
        if run.ended:
            open_attempts = [one for one in run.attempts if one.state not in states.ENDED]
            assert not open_attempts, f"{run.task_id} has ended with an open attempt"
    for run in runs.values():
        if run.frame is not None and run.work == "children" and not run.is_root:
            _check_frame(flow.task(run.task_id or "").block(_block(run)), run, children.get(run.id, []))
        elif run.is_root and run.frame is not None and run.work == "children":
            block = {
                "tasks": flow.tasks,
                "errors": flow.errors,
                "finally": flow.finally_,
                "after": flow.after_execution,
            }[run.frame.phase]
            _check_frame(block, run, children.get(run.id, []))
    root = next(run for run in runs.values() if run.is_root)
    assert not root.ended or execution.state in states.ENDED, (
        f"its scope has ended, and it is {execution.state}"
    )


def _block(run: TaskRun) -> str:
    assert run.frame is not None
    return getattr(run.frame.plan, "block", "tasks") if run.frame.phase == "tasks" else run.frame.phase


def _check_frame(block: tuple[object, ...], scope: TaskRun, children: list[TaskRun]) -> None:
    frame = scope.frame
    assert frame is not None
    ids = {getattr(task, "id", None) for task in block}
    sharded = any(child.role == "shard" for child in children) and frame.phase == "tasks"
    inside = [child for child in children if (child.role == "shard" if sharded else child.task_id in ids)]
    live = [child for child in inside if not child.ended]
    name = scope.task_id or "the root"
    by_value = isinstance(frame.plan, Each | Slice) and not frame.plan.parallel_children
    each = by_value and frame.phase == "tasks" and not sharded
    running = len({child.iteration for child in live}) if each else len(live)
    assert frame.running == running, f"{name} counts {frame.running} children that run, and {running} do"
    failed = any(child.state in states.UNSUCCESSFUL for child in inside)
    # a value that fails tells its each at once, before its shard has ended
    assert frame.failed == failed or (sharded and frame.failed), (
        f"{name} takes {frame.failed} for whether a child has failed"
    )
    if not each:
        limit = getattr(frame.plan, "limit", 0) if frame.phase == "tasks" else 0
        many = len({child.iteration for child in live}) if isinstance(frame.plan, Each) else len(live)
        assert not limit or many <= limit, f"{name} runs {many} at once, and may {limit}"
    others = [
        child for child in children if not child.ended and child not in inside and child.role != "monitor"
    ]
    assert not others, f"{name} is in its {frame.phase}, and {others[0].task_id} lives"


def _difference(before: TaskRun, after: TaskRun) -> str:
    names = [field.name for field in fields(TaskRun)]
    return ", ".join(
        f"{name} {getattr(before, name)!r} -> {getattr(after, name)!r}"
        for name in names
        if getattr(before, name) != getattr(after, name)
    )
