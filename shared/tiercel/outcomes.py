"""Word a task's outcome for the wire: errors by what happens next, plans as JSON."""

import dataclasses

from pydantic.alias_generators import to_camel
from pydantic_core import to_jsonable_python

from tiercel.calling import DeadlinePassed
from tiercel.envelope import WireError, WireProblem
from tiercel.errors import Cancelled, ExpressionError, InvalidFlow, Killed, Problem, Retriable, TiercelError
from tiercel.plugin import JsonObject, PluginOutput


def wire_error(error: TiercelError) -> WireError:
    """Say what kind of failure this is, and so what happens next."""
    problems = [wire_problem(problem) for problem in getattr(error, "problems", ())]
    match error:
        case ExpressionError():
            where = f"`{error.problems[0].path}`: " if error.problems[0].path else ""
            return WireError(kind="ExpressionError", message=f"{where}{error}", problems=problems)
        case InvalidFlow():
            return WireError(kind="InvalidParameters", message=str(error), problems=problems)
        case Retriable():
            return WireError(kind="Retriable", message=str(error), retry_after=error.retry_after)
        case Cancelled():
            return WireError(kind="Timeout", message=error.reason)
        case DeadlinePassed():
            return WireError(kind="Timeout", message=str(error))
        case Killed():
            return WireError(kind="Killed", message=error.reason)
        case _:
            return WireError(kind="TaskFailed", message=str(error))


def wire_plan(output: PluginOutput) -> JsonObject | None:
    """Write a plan as JSON: its class as `kind`, its fields in camelCase."""
    plan = output.plan
    if plan is None:
        return None
    values = {to_camel(name): value for name, value in dataclasses.asdict(plan).items()}
    written: JsonObject = to_jsonable_python({"kind": type(plan).__name__, **values})
    return written


def wire_problem(problem: Problem) -> WireProblem:
    """Write one problem as it travels."""
    return WireProblem(message=problem.message, path=problem.path, line=problem.line, column=problem.column)
