"""What all checks look at: an execution as the REST API shows it, its log and a way to read its files."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Run: TypeAlias = Mapping[str, Any]

ENDED = frozenset(
    {"SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED", "RETRIED", "SKIPPED", "RESUBMITTED"}
)
STEP_OF_A_PATH = re.compile(r"""\[\s*(?:'([^']*)'|"([^"]*)"|(-?\d+))\s*\]|([^.\[\]]+)""")
TASK_WITH_VALUES = re.compile(r"(?P<task>[^\[]+)\[(?P<values>.*)\]")


class Absent(Exception):
    """What a check looks for is not there."""


def no_files(uri: str) -> bytes:
    """Refuse to read."""
    raise Absent(f"no storage to read {uri} from")


@dataclass
class View:
    """One execution at one moment."""

    document: Mapping[str, Any]
    logs: Sequence[Mapping[str, Any]] = ()
    read: Callable[[str], bytes] = no_files
    runs: list[Run] = field(init=False)

    def __post_init__(self) -> None:
        self.runs = list(self.document.get("taskRunList") or ())

    @property
    def id(self) -> str:
        """Give the execution's id."""
        return str(self.document["id"])

    @property
    def state(self) -> str:
        """Give the present state."""
        return str(self.document["state"]["current"])

    @property
    def history(self) -> list[str]:
        """List the states so far."""
        return history_of(self.document)

    @property
    def labels(self) -> dict[str, str]:
        """Give the labels."""
        return {label["key"]: label["value"] for label in self.document.get("labels") or ()}

    @property
    def trigger_variables(self) -> Mapping[str, Any]:
        """Give the variables of what triggered it; empty if it was started by hand."""
        return (self.document.get("trigger") or {}).get("variables") or {}

    def at(self, index: int) -> Run:
        """Give a task run by its position, -1 being the last."""
        try:
            return self.runs[index]
        except IndexError:
            raise Absent(f"there is no task run {index}: there are {len(self.runs)}") from None

    def of_task(self, name: str) -> list[Run]:
        """List the runs of a task; `task[value]` means those of one value, outermost first."""
        match = TASK_WITH_VALUES.fullmatch(name)
        named = match and not any(run["taskId"] == name for run in self.runs)
        if match and named:
            return [run for run in self.of_task(match["task"]) if fits(self.chain(run), match["values"])]
        found = [run for run in self.runs if run["taskId"] == name]
        if not found:
            known = ", ".join(dict.fromkeys(run["taskId"] for run in self.runs))
            raise Absent(f"there is no task run of `{name}`, only of {known or 'nothing'}")
        return found

    def first_of(self, name: str) -> Run:
        """Give the first run of a task."""
        found = self.of_task(name)
        if not found:
            raise Absent(f"there is no task run `{name}`")
        return found[0]

    def with_values(self, task: str, values: Sequence[str]) -> Run:
        """Give the run of a task whose chain of each-values is this one."""
        for run in self.of_task(task):
            if self.chain(run) == tuple(map(str, values)):
                return run
        raise Absent(f"no task run of `{task}` has the values {list(values)}")

    def chain(self, run: Run) -> tuple[str, ...]:
        """Give the each-values of a run's ancestors, outermost first, and its own."""
        by_id = {one["id"]: one for one in self.runs}
        values: list[str] = []
        present: Run | None = run
        while present:
            if present.get("value") is not None:
                values.append(str(present["value"]))
            present = by_id.get(present.get("parentTaskRunId") or "")
        return tuple(reversed(values))

    def outputs_tree(self) -> dict[str, Any]:
        """Give `outputs` as expressions see it: task, each-values, fields."""
        tree: dict[str, Any] = {}
        for run in self.runs:
            place = tree.setdefault(run["taskId"], {})
            for value in self.chain(run):
                place = place.setdefault(value, {})
            place.update(run.get("outputs") or {})
        return tree


def fits(chain: tuple[str, ...], values: str) -> bool:
    """Say whether a chain is what `[...]` names: its last value, or all of them."""
    return chain[-1:] == (values,) or chain in {
        tuple(part.strip() for part in re.split(r"\]\[|,", values)),
        (values,),
    }


def history_of(document: Mapping[str, Any]) -> list[str]:
    """List the states that an execution, a task run or an attempt has gone through."""
    return [entry["state"] for entry in document["state"].get("histories") or ()]


def attempts_of(run: Run) -> list[str]:
    """List the states of a run's attempts."""
    return [attempt["state"]["current"] for attempt in run.get("attempts") or ()]


def steps_of(path: str) -> Iterator[str | int]:
    """Split `a.b[0]['c.d']` into its steps."""
    for match in STEP_OF_A_PATH.finditer(path):
        single, double, index, name = match.groups()
        yield (
            int(index)
            if index is not None
            else single
            if single is not None
            else double
            if name is None
            else name
        )


def look_up(value: Any, path: str | Sequence[str]) -> Any:
    """Follow a path into a value; `Absent` names the step that leads nowhere."""
    if isinstance(path, str) and isinstance(value, Mapping) and path in value:
        return value[path]
    for step in steps_of(path) if isinstance(path, str) else path:
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError, TypeError, ValueError):
            raise Absent(f"`{path}` leads nowhere: no `{step}` in {shown(value)}") from None
    return value


def shown(value: Any) -> str:
    """Write a value for a failure line, shortened."""
    text = repr(value).replace("\n", "\\n")
    return text if len(text) <= 160 else text[:157] + "..."
