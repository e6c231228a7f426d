"""Entries of expressions.json: render a template and look at the text, or at the error."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from tests.conformance.corpus import Entry
from tests.conformance.data import NotUnderstood
from tests.conformance.placeholders import PLACEHOLDER, Names, same
from tests.conformance.product import TEST_KEY, Surroundings, services_for
from tests.conformance.view import shown
from tests.conformance.vocabulary import expression_problems
from tiercel import expressions
from tiercel.envelope import RunContext
from tiercel.errors import TiercelError
from tiercel.flows.durations import parse_duration

RECURSIVE = "kestra.variables.recursive-rendering=true"
TYPES: Mapping[str, Callable[[Any], Any]] = {
    "Duration": parse_duration,
    "Instant": datetime.fromisoformat,
    "LocalDateTime": datetime.fromisoformat,
    "ZonedDateTime": datetime.fromisoformat,
    "java.util.Date": datetime.fromisoformat,
    "float32": expressions.Float32,
    "set": list,
}


class SeededHistory:
    """The log lines that an entry lays down."""

    def __init__(self, lines: Sequence[Sequence[str]]) -> None:
        self.lines = lines

    def error_logs(self, run: RunContext) -> list[dict[str, Any]]:
        """List the errors among them."""
        return [{"taskId": "task", "message": message} for level, message in self.lines if level == "ERROR"]

    def tasks_with_state(self, run: RunContext, state: str) -> list[dict[str, Any]]:
        """List none: an expression of the corpus stands alone."""
        return []


def failures(entry: Entry, home: Path) -> list[str]:
    """Render an entry and say what is not as it expects."""
    if problems := expression_problems(entry):
        return problems
    entry = names_of(entry).resolve(dict(entry))
    try:
        got = rendered(entry, home)
    except TiercelError as error:
        return list(of_error(entry["expected"], error))
    expected = entry["expected"]
    if not isinstance(expected, Mapping):
        return [] if got == expected else [f"rendered {shown(expected)}, got {shown(got)}"]
    return list(of_text(expected, got))


def names_of(entry: Entry) -> Names:
    """Fill in placeholders: today, the system's offset; any other word stands for itself, fit for a path."""
    made: dict[str, str] = {"today, yyyy-MM-dd": date.today().isoformat()}
    moment = r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)<offset of the system zone>"
    if found := re.search(moment, json.dumps(entry.get("variables"))):
        made["offset of the system zone"] = datetime.fromisoformat(found[1]).astimezone().isoformat()[-6:]
    seeds = {name for key in entry.get("seed_storage") or {} for name in PLACEHOLDER.findall(key)}

    def find(name: str) -> str | None:
        return name.replace(" ", "-") if name in seeds or re.fullmatch(r"[\w-]+", name) else f"<{name}>"

    return Names(known=dict(made), made=find)


def rendered(entry: Entry, home: Path) -> Any:
    """Render a template, or every text of a structure."""
    variables = typed(entry["variables"])
    config = str(entry.get("config") or "")
    if config and not config.startswith(RECURSIVE):
        raise NotUnderstood(f"config {config!r}")
    services = seeded(entry, home).expressions(context_of(variables))
    if entry.get("template_kind") == "structure":
        return expressions.render_deep(entry["template"], variables, services)
    if entry.get("template_kind"):
        raise NotUnderstood(f"template_kind {entry['template_kind']!r}")
    return expressions.render(entry["template"], variables, services, recursive=bool(config))


def typed(value: Any) -> Any:
    """Build the variables that JSON cannot hold."""
    if isinstance(value, list):
        return [typed(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "$type" not in value:
        return {key: typed(item) for key, item in value.items()}
    if value["$type"] not in TYPES:
        raise NotUnderstood(f"unknown $type {value['$type']!r}")
    made = TYPES[value["$type"]](typed(value["value"]))
    local = isinstance(made, datetime) and made.tzinfo is None
    return made.replace(tzinfo=UTC) if local and value["$type"] != "LocalDateTime" else made


def context_of(variables: Mapping[str, Any]) -> RunContext:
    """Say on whose behalf a template is rendered: its own `flow` and `execution`, where it has them."""
    flow, execution = variables.get("flow") or {}, variables.get("execution") or {}
    return RunContext(
        namespace=flow.get("namespace", "default"),
        flow_id=flow.get("id", "adhoc"),
        execution_id=execution.get("id", "adhoc"),
        variables=dict(variables),
    )


def seeded(entry: Entry, home: Path) -> Any:
    """Build services that hold what the entry lays down."""
    keyed = Surroundings(encryption_key=TEST_KEY)
    services = replace(services_for(home, keyed), history=SeededHistory(entry.get("seed_logs") or ()))
    for uri, content in (entry.get("seed_storage") or {}).items():
        services.storage.put(uri, content.encode())
    for namespace, files in (entry.get("seed_namespace_files") or {}).items():
        for path, content in files.items():
            services.storage.put(f"kestra:///{namespace.replace('.', '/')}/_files/{path}", content.encode())
    return services


def of_error(expected: Any, error: TiercelError) -> Iterator[str]:
    """Compare an error with the one that is expected."""
    wanted = expected.get("message_contains") if isinstance(expected, Mapping) else None
    if not (isinstance(expected, Mapping) and expected.get("error")):
        yield f"rendered {shown(expected)}, but {error}"
    elif wanted and wanted not in str(error):
        yield f"message_contains {shown(wanted)}, got {shown(str(error))}"


def of_text(expected: Mapping[str, Any], got: Any) -> Iterator[str]:
    """Compare what was rendered."""
    if expected.get("error"):
        yield f"error expected, got {shown(got)}"
        return
    for key, wanted in expected.items():
        try:
            fits = TESTS[key](got, wanted)
        except (ValueError, TypeError, KeyError, IndexError) as error:
            yield f"{key} {shown(wanted)}, got {shown(got)} ({error})"
            continue
        if not fits:
            yield f"{key} {shown(wanted)}, got {shown(got)}"


def parts(wanted: Any) -> list[str]:
    """Take one text as a list of one."""
    return [wanted] if isinstance(wanted, str) else list(wanted)


def structure(got: Any) -> Any:
    """Read what was rendered as JSON, unless it is a structure already."""
    return json.loads(got) if isinstance(got, str) else got


def keys_in_order(got: Any, wanted: Any) -> bool:
    """Compare the order of keys, of one map or of maps at paths."""
    value = structure(got)
    if not isinstance(wanted, Mapping):
        return list(value) == list(wanted)
    return all(list(at(value, path)) == list(keys) for path, keys in wanted.items())


def at(value: Any, path: str) -> Any:
    """Follow a dotted path."""
    for step in path.split("."):
        value = value[step]
    return value


def nested_order(got: Any, wanted: Any) -> bool:
    """Compare the order of keys of a nested map: at a path, or in the first map inside."""
    value = structure(got)
    if isinstance(wanted, Mapping):
        return keys_in_order(value, wanted)
    return any(isinstance(item, Mapping) and list(item) == list(wanted) for item in value.values())


TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "error": lambda got, wanted: not wanted,
    "comma_count": lambda got, wanted: got.count(",") == wanted,
    "contains": lambda got, wanted: all(part in got for part in parts(wanted)),
    "startswith": lambda got, wanted: got.startswith(wanted),
    "endswith": lambda got, wanted: got.endswith(wanted),
    "int_between": lambda got, wanted: wanted[0] <= int(got) <= wanted[1],
    "json_list_contains": lambda got, wanted: all(
        any(same(one, item) for item in structure(got)) for one in wanted
    ),
    "json_object_includes": lambda got, wanted: all(
        key in structure(got) and same(value, structure(got)[key]) for key, value in wanted.items()
    ),
    "nested_key_order": nested_order,
    "not_empty": lambda got, wanted: bool(got) == wanted,
    "not_equals": lambda got, wanted: got != wanted,
    "rendered": lambda got, wanted: same(wanted, got),
    "rendered_key_order": keys_in_order,
}
