"""Names in internal storage: `kestra:///<namespace>/<flow>/executions/<id>/tasks/<task>/<run>/<file>`."""

from typing import NamedTuple
from urllib.parse import quote, unquote

from tiercel.envelope import RunContext
from tiercel.errors import TaskFailed
from tiercel.paths import check_relative

SCHEME = "kestra://"
FILES = "_files"
EXECUTIONS = "executions"
UNQUOTED = "/!$&'()*+,;=:@"


class Execution(NamedTuple):
    """What names an execution."""

    namespace: str
    flow_id: str
    execution_id: str


class Owner(NamedTuple):
    """Whose a file is: a namespace's, or one execution's of a flow in it."""

    namespace: str
    execution: Execution | None = None


def uri_of(key: str) -> str:
    """Write the URI of a key."""
    return f"{SCHEME}/{quote(key, safe=UNQUOTED)}"


def key_of(uri: str) -> str:
    """Give the key behind a URI; `TaskFailed` where it is none, or climbs out."""
    if not uri.startswith(f"{SCHEME}/"):
        raise TaskFailed(f"Unable to read the file '{uri}': it is no URI of internal storage (kestra:///…).")
    key = unquote(uri.removeprefix(f"{SCHEME}/"))
    check_relative(key)
    return key


def execution_key(execution: Execution, *parts: str) -> str:
    """Name a file of an execution."""
    return key_below(
        namespace_path(execution.namespace), execution.flow_id, EXECUTIONS, execution.execution_id, *parts
    )


def task_key(run: RunContext, name: str) -> str:
    """Name a file of a task run."""
    # as Kestra does, so that whoever looks for a task's files by their names finds them
    task = run.task_id.replace("_", "-").replace(".", "-").lower()
    return execution_key(execution_of(run), "tasks", task, run.task_run_id, name)


def namespace_file_key(namespace: str, path: str) -> str:
    """Name a file of a namespace."""
    return key_below(namespace_path(namespace), FILES, path.removeprefix("/"))


def key_below(*parts: str) -> str:
    """Join the parts of a key, refusing whatever climbs."""
    for part in parts:
        check_relative(part)
    return "/".join(segment for part in parts for segment in part.split("/") if segment)


def namespace_path(namespace: str) -> str:
    """Write a namespace as a path."""
    return namespace.replace(".", "/")


def execution_of(run: RunContext) -> Execution:
    """Name the execution that a task runs for."""
    return Execution(run.namespace, run.flow_id, run.execution_id)


def owner_of(key: str) -> Owner | None:
    """Read from a key whose it is; None for what belongs to nobody known."""
    parts = key.split("/")
    for place, part in enumerate(parts[:-1]):  # the first name decides: a file may be named so, too
        if part == FILES and place >= 1:
            return Owner(".".join(parts[:place]))
        if part == EXECUTIONS and place >= 2:
            namespace = ".".join(parts[: place - 1])
            return Owner(namespace, Execution(namespace, parts[place - 1], parts[place + 1]))
    return None
