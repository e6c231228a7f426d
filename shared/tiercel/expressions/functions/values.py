"""Functions over values at hand."""

from typing import Any

from tiercel.errors import ExpressionError
from tiercel.expressions.operators import compare, span
from tiercel.expressions.runtime import Run
from tiercel.expressions.values import is_list, kind, text_of


def max_(run: Run, *values: Any) -> Any:
    """Give the largest of its arguments."""
    return _extreme("max", values, 1)


def min_(run: Run, *values: Any) -> Any:
    """Give the smallest of its arguments."""
    return _extreme("min", values, -1)


def _extreme(title: str, values: tuple[Any, ...], direction: int) -> Any:
    given = list(values[0]) if len(values) == 1 and is_list(values[0]) else list(values)
    present = [value for value in given if value is not None]
    if not present:
        raise ExpressionError(f"`{title}` needs at least one value")
    best = present[0]
    for value in present[1:]:
        if direction * compare(title, value, best) > 0:
            best = value
    return best


def range_(run: Run, start: Any, end: Any, increment: Any = 1) -> list[Any]:
    """List the numbers, or the letters, from one to another, both included."""
    return span(start, end, increment, run)


def block(run: Run, name: Any) -> str:
    """Render a block of this template again."""
    return run.call_block(run.text(name, "The name of the block"))


def parent(run: Run) -> str:
    """Refuse: there is no template to inherit from."""
    raise ExpressionError("`parent` needs a template that extends another, which Kestra does not have")


def i18n(run: Run, bundle: Any, key: Any, *arguments: Any) -> str:
    """Refuse: there are no resource bundles."""
    raise ExpressionError("`i18n` needs Java resource bundles, which are not here")


def current_each_output(run: Run, outputs: Any) -> Any:
    """Follow the values of the loops around this task into the outputs of a task."""
    found = outputs
    for value in _loop_values(run):
        if not isinstance(found, dict) or value not in found:
            raise ExpressionError(
                "`currentEachOutput` finds no output for this turn of the loop: give it `outputs.taskId`"
            )
        found = run.follow(found[value])
    return found


def _loop_values(run: Run) -> list[str]:
    """Give the values of the loops, the outermost first; `parents` begins with the nearest."""
    variables = run.everything()
    parents = variables.get("parents")
    holders = [*(list(parents or ())[::-1] if is_list(parents) else ()), variables]
    taskruns = [holder.get("taskrun") for holder in holders if isinstance(holder, dict)]
    return [
        text_of(taskrun["value"], run)
        for taskrun in taskruns
        if isinstance(taskrun, dict) and taskrun.get("value") is not None
    ]


def loop_outputs(run: Run, outputs: Any, name: Any) -> list[Any]:
    """List one output of every iteration of a Loop; null where an iteration has none."""
    if not is_list(outputs):
        raise ExpressionError(f"`loopOutputs` takes the list `outputs.loop.outputs`, not {kind(outputs)}")
    wanted = run.text(name, "The name of the output")
    found: list[Any] = []
    for iteration in outputs:
        held = run.follow(iteration)
        inner = held.get("outputs", held) if isinstance(held, dict) else None
        found.append(inner.get(wanted) if isinstance(inner, dict) else None)
    return found
