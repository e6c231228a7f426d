"""Functions that reach outside, through the services of the run and nothing else."""

from collections.abc import Mapping
from typing import Any

from tiercel.errors import ExpressionError
from tiercel.expressions.numbers import whole
from tiercel.expressions.runtime import Run
from tiercel.expressions.values import kind


def _optional(run: Run, value: Any, what: str) -> str | None:
    return None if value is None else run.text(value, what)


def _map(value: Any, what: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ExpressionError(f"{what} must be a map, not {kind(value)}")
    return value


def secret(run: Run, key: Any, namespace: Any = None, subkey: Any = None, full: Any = False) -> Any:
    """Give a secret; of one that holds JSON, the field `subkey`; with `full`, a map with its value."""
    if full is True and subkey is not None:
        raise ExpressionError("`secret` takes either `subkey` or `full`, not both")
    where, field = _optional(run, namespace, "The namespace"), _optional(run, subkey, "The subkey")
    found = run.services.secret(run.text(key, "The key of `secret`"), where, field)
    run.secrets.add(found)
    return {"value": found} if full is True else found


def kv(run: Run, key: Any, namespace: Any = None, error_on_missing: Any = True) -> Any:
    """Give a value of the key-value store."""
    where = _optional(run, namespace, "The namespace")
    return run.services.kv(run.text(key, "The key of `kv`"), where, error_on_missing is not False)


def _path(run: Run, path: Any) -> str:
    text = run.text(path, "The path")
    # the service checks what may be read; this only keeps a path from being more than one
    if "../" in text or text.endswith("/..") or text == ".." or "..\\" in text:
        raise ExpressionError("Path must not contain '../'")
    if "\0" in text:
        raise ExpressionError("Path must not contain a null character")
    return text


def _refuse_version(version: Any) -> None:
    if version is not None:
        raise ExpressionError(
            "Namespace files have no versions here: leave `version` out to have the present one"
        )


def read(run: Run, path: Any, namespace: Any = None, version: Any = None) -> str:
    """Give the text of a file."""
    _refuse_version(version)
    text = run.services.read_file(_path(run, path), _optional(run, namespace, "The namespace"))
    run.budget.build(len(text))
    return text


def file_uri(run: Run, path: Any, namespace: Any = None, version: Any = None) -> str:
    """Give the URI of a namespace file."""
    _refuse_version(version)
    return run.services.file_uri(_path(run, path), _optional(run, namespace, "The namespace"))


def file_size(run: Run, path: Any, namespace: Any = None) -> int:
    """Give the size of a file in bytes."""
    return run.services.file_size(_path(run, path), _optional(run, namespace, "The namespace"))


def file_exists(run: Run, path: Any, namespace: Any = None) -> bool:
    """Say whether a file exists."""
    return run.services.file_exists(_path(run, path), _optional(run, namespace, "The namespace"))


def is_file_empty(run: Run, path: Any, namespace: Any = None) -> bool:
    """Say whether a file holds nothing."""
    return file_size(run, path, namespace) == 0


def error_logs(run: Run) -> list[dict[str, Any]]:
    """List the error logs of this execution."""
    return run.services.error_logs()


def tasks_with_state(run: Run, state: Any) -> list[dict[str, Any]]:
    """List the task runs in a state."""
    return run.services.tasks_with_state(run.text(state, "The state").upper())


def http(
    run: Run,
    uri: Any,
    method: Any = "GET",
    query: Any = None,
    body: Any = None,
    content_type: Any = None,
    headers: Any = None,
    options: Any = None,
    accept: Any = None,
) -> Any:
    """Send a request and give the body of the answer; JSON comes as a value."""
    wishes = {
        "query": _map(query, "The query"),
        "body": body,
        "contentType": _optional(run, content_type, "The content type"),
        "headers": _map(headers, "The headers"),
        "options": _map(options, "The options"),
        "accept": _optional(run, accept, "What is accepted"),
    }
    given = {name: wish for name, wish in wishes.items() if wish not in (None, {})}
    return run.services.http(run.text(method, "The method").upper(), run.text(uri, "The address"), given)


def subflow(
    run: Run,
    namespace: Any = None,
    id: Any = None,
    inputs: Any = None,
    revision: Any = None,
    labels: Any = None,
    timeout: Any = None,
) -> Any:
    """Run a subflow and give its outputs."""
    number = None if revision is None else whole(revision, "The revision")
    return run.services.subflow(
        _optional(run, namespace, "The namespace"),
        run.text(id, "The id of `subflow`"),
        _map(inputs, "The inputs"),
        number,
        _map(labels, "The labels"),
        _optional(run, timeout, "The timeout"),
    )


def env(run: Run, name: Any, default: Any = None) -> Any:
    """Give an environment variable by its name in lower case, or the default where it is missing or empty."""
    wanted = run.text(name, "The name of the variable")
    environment = run.services.environment()
    found = environment.get(wanted) or environment.get(wanted.lower())
    if not found and default is None:
        raise ExpressionError(
            f"There is no environment variable `{wanted[:60]}`: give a default as second argument"
        )
    return found or default
