"""One expression, tried from a terminal."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tiercel.envelope import RunContext
from tiercel.errors import ExpressionError, InvalidFlow, TiercelError
from tiercel.expressions import compile_template, explain, is_template
from tiercel.services import local_services
from tiercel_orchestrator.cli import exits, say
from tiercel_orchestrator.local import default_globals, default_home, services_of

STDIN = "-"
ALONE = "tiercel.eval"


def evaluate(text: str, context: Path | None, home: Path | None, as_json: bool) -> int:
    """Print what an expression gives, and give the exit code: what is bad is shown with a caret below it."""
    # without braces the whole argument is one expression
    template = text if is_template(text) else f"{{{{ {text} }}}}"
    variables = {**surroundings(), **read_context(context)}
    services = services_of(home or default_home(), os.environ.get("TIERCEL_STORE")).expressions(
        run_of(variables)
    )
    try:
        compiled = compile_template(template)
        if as_json:
            value = compiled.evaluate(variables, services)
            rendered = compile_template("{{ value | toJson }}").render({"value": value}, services)
        else:
            rendered = compiled.render(variables, services)
    except ExpressionError as error:
        say.err.print(explain(error), markup=False)
        return exits.BAD_FLOW_OR_USAGE
    except InvalidFlow:
        raise
    except TiercelError as error:
        say.err.print(str(error), markup=False)
        return exits.UNSUCCESSFUL
    say.plain(rendered)
    return exits.OK


def surroundings() -> dict[str, Any]:
    """Give what every execution sees: globals, and the environment that is shown."""
    return {"globals": default_globals(), "envs": dict(local_services().environment)}


def read_context(file: Path | None) -> dict[str, Any]:
    """Read the variables of an expression: one JSON object, from a file or from standard input."""
    if file is None:
        return {}
    try:
        text = sys.stdin.read() if str(file) == STDIN else file.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidFlow(
            f"--context {file} cannot be read: {error.strerror}; name a file of variables in JSON, "
            "or - for standard input."
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidFlow(
            f"--context {file} cannot be read: it is not UTF-8; write JSON in UTF-8."
        ) from error
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidFlow(
            f'--context {file} is no JSON: {error}; write for example {{"inputs": {{"name": "world"}}}}.'
        ) from error
    if not isinstance(found, dict):
        raise InvalidFlow(
            f'--context {file} is no JSON object; write for example {{"inputs": {{"name": "world"}}}}.'
        )
    return found


def run_of(variables: Mapping[str, Any]) -> RunContext:
    """Say on whose behalf files, keys and secrets are read: the flow and execution of the context."""
    return RunContext(
        namespace=_named(variables.get("flow"), "namespace", ALONE),
        flow_id=_named(variables.get("flow"), "id", "eval"),
        execution_id=_named(variables.get("execution"), "id", "eval"),
        variables=dict(variables),
    )


def _named(holder: Any, key: str, otherwise: str) -> str:
    found = holder.get(key) if isinstance(holder, Mapping) else None
    return found if isinstance(found, str) and found else otherwise
