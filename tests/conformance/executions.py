"""What an entry asserts of one execution: a check for each key."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from tests.conformance import matchers
from tests.conformance.placeholders import agrees, includes
from tests.conformance.view import Absent, Run, View, attempts_of, look_up, shown

Check: TypeAlias = Callable[[View, Any], Iterable[str]]


def failures(view: View, expected: Mapping[str, Any]) -> Iterator[str]:
    """Say what an execution is not, key by key; keys that are not about one execution are left to others."""
    for key, wanted in expected.items():
        check = CHECKS.get(key)
        if check is None:
            continue
        try:
            yield from check(view, wanted)
        except Absent as error:
            yield f"{key}: {error}"


def differs(key: str, wanted: Any, got: Any) -> Iterator[str]:
    """Compare one value."""
    if not agrees(wanted, got):
        yield f"{key} {shown(wanted)}, got {shown(got)}"


def each_of(view: View, wanted: Mapping[str, Any], key: str, get: Callable[[Run], Any]) -> Iterator[str]:
    """Compare a value of the first run of each task."""
    for task, value in wanted.items():
        yield from one(f"{key} of {task}", value, lambda task=task: get(view.first_of(task)))  # type: ignore[misc]


def each_at(view: View, wanted: Mapping[str, Any], key: str, get: Callable[[Run], Any]) -> Iterator[str]:
    """Compare a value of the task runs at these positions."""
    for index, value in wanted.items():
        yield from one(f"{key} at {index}", value, lambda index=index: get(view.at(int(index))))  # type: ignore[misc]


def one(key: str, wanted: Any, get: Callable[[], Any]) -> Iterator[str]:
    """Compare one value that may be absent."""
    try:
        yield from differs(key, wanted, get())
    except Absent as error:
        yield f"{key} {shown(wanted)}, but {error}"


def state_of(run: Run) -> str:
    """Give a task run's state."""
    return str(run["state"]["current"])


def attempt_state(run: Run) -> str | None:
    """Give the state of a run's last attempt."""
    return attempts_of(run)[-1] if attempts_of(run) else None


def absent_tasks(view: View, wanted: list[str]) -> Iterator[str]:
    """Find tasks that must not have run."""
    for task in wanted:
        if any(run["taskId"] == task for run in view.runs):
            yield f"absent_tasks {task}, but it has a task run"


def all_states(view: View, wanted: str) -> Iterator[str]:
    """Find task runs in another state."""
    for run in view.runs:
        if state_of(run) != wanted:
            yield f"all_task_states {wanted}, but {run['taskId']} is {state_of(run)}"


def at_least(key: str, wanted: int, got: int) -> Iterator[str]:
    """Compare a count with its minimum."""
    if got < wanted:
        yield f"{key} {wanted}, got {got}"


def attempts_at_least(view: View, wanted: Mapping[str, int]) -> Iterator[str]:
    """Compare counts of attempts with their minimum."""
    for index, count in wanted.items():
        yield from at_least(
            f"attempts_at_least_by_index at {index}", count, len(attempts_of(view.at(int(index))))
        )


def flow_outputs_start(view: View, wanted: Mapping[str, str]) -> Iterator[str]:
    """Compare how flow outputs begin."""
    outputs = view.document.get("outputs") or {}
    for name, start in wanted.items():
        if not str(outputs.get(name)).startswith(start):
            yield f"flow_outputs_startswith {name} {shown(start)}, got {shown(outputs.get(name))}"


def labels_include(view: View, wanted: Mapping[str, str]) -> Iterator[str]:
    """Compare some labels."""
    for key, value in wanted.items():
        yield from differs(f"label {key}", value, view.labels.get(key))


def variables_include(view: View, wanted: Mapping[str, Any]) -> Iterator[str]:
    """Compare some variables of the execution."""
    variables = view.document.get("variables") or {}
    if not includes(wanted, variables):
        yield f"execution_variables_include {shown(wanted)}, got {shown(variables)}"


def typed_inputs(view: View, wanted: Mapping[str, Any]) -> Iterator[str]:
    """Compare inputs as they were read."""
    for name, value in wanted.items():
        got = (
            look_up(view.document.get("inputs") or {}, [name])
            if value is not None
            else read_or_none(view, name)
        )
        yield from differs(f"typed input {name}", value, got)


def read_or_none(view: View, name: str) -> Any:
    """Give an input, None where it is absent."""
    return (view.document.get("inputs") or {}).get(name)


def occurrences(view: View, wanted: Mapping[str, int]) -> Iterator[str]:
    """Count the runs of tasks."""
    for task, count in wanted.items():
        got = len([run for run in view.runs if run["taskId"] == task])
        yield from differs(f"task_occurrences {task}", count, got)


def iterations(view: View, wanted: list[Mapping[str, Any]]) -> Iterator[str]:
    """Compare `taskrun.iteration` of the n-th run of a task."""
    for item in wanted:
        runs, occurrence = view.of_task(item["task"]), int(item.get("occurrence", 0))
        got = runs[occurrence].get("iteration") if occurrence < len(runs) else None
        yield from differs(f"iteration {occurrence} of {item['task']}", item["equals"], got)


def starts_after_end(view: View, wanted: bool) -> Iterator[str]:
    """Compare the start of the last task run with the end of the execution."""
    start, end = view.at(-1)["state"]["startDate"], view.document["state"].get("endDate")
    later = end is not None and moment(start) >= moment(end)
    yield from differs("last_taskrun_starts_after_execution_end", wanted, later)


def moment(text: str) -> datetime:
    """Read a timestamp."""
    return datetime.fromisoformat(text)


def log_file(view: View, wanted: Any) -> Iterator[str]:
    """Look into the file that an attempt's log was written to."""
    files = [attempt.get("logFile") for run in view.runs for attempt in run.get("attempts") or ()]
    uris = [uri for uri in files if uri]
    if not uris:
        yield "attempt_log_file: no attempt has a logFile"
    elif (
        parts := wanted.get("contains")
        if isinstance(wanted, Mapping)
        else wanted
        if isinstance(wanted, str)
        else None
    ):
        content = view.read(uris[0]).decode("utf-8")
        if not includes(parts, content):
            yield f"attempt_log_file contains {shown(parts)}, got {shown(content)}"


def logs(view: View, wanted: list[Mapping[str, Any]]) -> Iterator[str]:
    """Look for lines in the log."""
    for line in wanted:
        lines = [entry for entry in view.logs if of_source(view, line, entry)]
        matching = [entry for entry in lines if line_fits(line, str(entry["message"]))]
        if "count" in line:
            yield from differs(f"number of log lines {shown(dict(line))}", line["count"], len(matching))
        elif not matching:
            said = [entry["message"] for entry in lines]
            yield f"no log line {shown(dict(line))} among {len(said)}: {shown(said)}"


def of_source(view: View, line: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    """Say whether a log entry has the level and comes from the task run that is asked for."""
    if line.get("level") not in (None, entry["level"]):
        return False
    if "taskrun_index" in line:
        return bool(entry.get("taskRunId") == view.at(int(line["taskrun_index"]))["id"])
    if "task" in line:
        values = line.get("values")
        runs = [view.with_values(line["task"], values)] if values else view.of_task(line["task"])
        return any(entry.get("taskRunId") == run["id"] for run in runs)
    return True


def line_fits(line: Mapping[str, Any], message: str) -> bool:
    """Compare a message with all that is asked of it."""
    tests: Mapping[str, Callable[[Any], bool]] = {
        "equals": lambda wanted: message == wanted,
        "contains": lambda wanted: includes(wanted, message),
        "startswith": lambda wanted: message.startswith(wanted),
        "endswith": lambda wanted: message.endswith(wanted),
        "regex": lambda wanted: re.search(wanted, message) is not None,
    }
    return all(test(line[name]) for name, test in tests.items() if name in line)


CHECKS: Mapping[str, Check] = {
    "absent_tasks": absent_tasks,
    "all_task_states": all_states,
    "attempt_log_file": log_file,
    "attempt_state": lambda view, wanted: each_of(view, wanted, "attempt_state", attempt_state),
    "attempt_state_by_index": lambda view, wanted: each_at(view, wanted, "attempt state", attempt_state),
    "attempt_states_by_index": lambda view, wanted: each_at(view, wanted, "attempt states", attempts_of),
    "attempts": lambda view, wanted: each_of(view, wanted, "attempts", lambda run: len(attempts_of(run))),
    "attempts_at_least_by_index": attempts_at_least,
    "attempts_by_index": lambda view, wanted: each_at(
        view, wanted, "attempts", lambda run: len(attempts_of(run))
    ),
    "execution_variables_include": variables_include,
    "failed_taskruns_at_least": lambda view, wanted: at_least(
        "failed_taskruns_at_least", wanted, [state_of(run) for run in view.runs].count("FAILED")
    ),
    "flow_outputs": lambda view, wanted: differs("flow_outputs", wanted, view.document.get("outputs")),
    "flow_outputs_count": lambda view, wanted: differs(
        "flow_outputs_count", wanted, len(view.document.get("outputs") or {})
    ),
    "flow_outputs_startswith": flow_outputs_start,
    "labels_exact": lambda view, wanted: differs("labels_exact", wanted, view.labels),
    "labels_include": labels_include,
    "last_taskrun_starts_after_execution_end": starts_after_end,
    "logs": logs,
    "outputs": lambda view, wanted: (line for item in wanted for line in matchers.mismatches(view, item)),
    "task_occurrences": occurrences,
    "task_states": lambda view, wanted: each_of(view, wanted, "state", state_of),
    "task_states_by_index": lambda view, wanted: each_at(view, wanted, "state", state_of),
    "taskrun_count": lambda view, wanted: differs("taskrun_count", wanted, len(view.runs)),
    "taskrun_count_at_least": lambda view, wanted: at_least("taskrun_count_at_least", wanted, len(view.runs)),
    "taskrun_ids_by_index": lambda view, wanted: each_at(view, wanted, "task", lambda run: run["taskId"]),
    "taskrun_iteration": iterations,
    "typed_inputs": typed_inputs,
}
