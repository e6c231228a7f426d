"""Whether an execution is one that a Flow trigger's preconditions speak of: pure."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from tiercel.expressions import truthy
from tiercel.flows.values import as_text
from tiercel_orchestrator.triggers.listening import TERMINATED

Render = Callable[[str], str]


def is_of_flow(wanted: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Say whether an execution, as the REST API shows it, is of a flow and in a state that is waited for."""
    labels = {label["key"]: label["value"] for label in event.get("labels") or ()}
    expected = {str(key): as_text(value) for key, value in _labels(wanted.get("labels")).items()}
    return (
        wanted.get("namespace") in (None, event["namespace"])
        and wanted.get("flowId") in (None, event["flowId"])
        and event["state"]["current"] in (wanted.get("states") or TERMINATED)
        and expected.items() <= labels.items()
    )


def passes(wanted: Mapping[str, Any], event: Mapping[str, Any], render: Render) -> bool:
    """Say whether an execution passes the tests of one `where`; `render` evaluates its expressions."""
    results = (_test(one, event, render) for one in wanted["filters"])
    return any(results) if wanted.get("operand") == "OR" else all(results)


def _test(test: Mapping[str, Any], event: Mapping[str, Any], render: Render) -> bool:
    fields: Mapping[str, Callable[[], Any]] = {
        "FLOW_ID": lambda: event["flowId"],
        "NAMESPACE": lambda: event["namespace"],
        "STATE": lambda: event["state"]["current"],
        "EXPRESSION": lambda: render(as_text(test.get("value"))),
    }
    found = fields[test["field"]]()
    values = [as_text(one) for one in test.get("values") or ()]
    return TESTS[test["type"]](found, as_text(test.get("value")), values)


TESTS: Mapping[str, Callable[[Any, str, list[str]], bool]] = {
    "EQUAL_TO": lambda found, value, values: found == value,
    "NOT_EQUAL_TO": lambda found, value, values: found != value,
    "IN": lambda found, value, values: found in values,
    "NOT_IN": lambda found, value, values: found not in values,
    "IS_TRUE": lambda found, value, values: truthy(found),
    "IS_FALSE": lambda found, value, values: not truthy(found),
    "IS_NULL": lambda found, value, values: found in (None, ""),
    "IS_NOT_NULL": lambda found, value, values: found not in (None, ""),
    "STARTS_WITH": lambda found, value, values: str(found).startswith(value),
    "ENDS_WITH": lambda found, value, values: str(found).endswith(value),
    "REGEX": lambda found, value, values: re.fullmatch(value, str(found)) is not None,
    "CONTAINS": lambda found, value, values: value in str(found),
}


def _labels(written: Any) -> Mapping[str, Any]:
    if isinstance(written, list):
        return {one["key"]: one["value"] for one in written}
    return written or {}
