"""What the templates of one task run may reach: the runtime's side of the expression language's doors."""

import json
import threading
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from tiercel.envelope import RunContext
from tiercel.errors import TaskFailed
from tiercel.expressions.services import NoServices
from tiercel.namespaces import reachable
from tiercel.storage import access, uris

if TYPE_CHECKING:
    from tiercel.http.client import Response
    from tiercel.http.guard import Guard
    from tiercel.services import Services

T = TypeVar("T")
MOST_READ_BYTES = 64 * 1024 * 1024


class ExpressionServices(NoServices):
    """Answer secret(), kv(), read() and the like as one task run may ask them."""

    def __init__(self, services: "Services", run: RunContext) -> None:
        self.services = services
        self.run = run

    def secret(self, key: str, namespace: str | None, subkey: str | None) -> str:
        """Give a secret, or one field of a secret that is a JSON object."""
        value = self.services.secrets.get(key, self.allowed(namespace))
        return value if subkey is None else field_of(value, key, subkey)

    def kv(self, key: str, namespace: str | None, error_on_missing: bool) -> Any:
        """Give a value of the key-value store; None where it is missing and that is no error."""
        owner = self.services.key_namespace(self.run, namespace)
        entry = self.services.kv.get(owner, key, inherited=owner == self.run.namespace)
        if entry is None and error_on_missing:
            raise TaskFailed(
                f"The key '{key}' does not exist in the namespace '{owner}'; "
                "set it first, or call kv() with `errorOnMissing=false`."
            )
        return entry.value if entry else None

    def read_file(self, path: str, namespace: str | None) -> str:
        """Give the text of a file."""
        uri = self.readable(path, namespace)
        size = self.services.storage.size(None, uri)
        if size > MOST_READ_BYTES:
            raise TaskFailed(
                f"Unable to read the file '{path}' into an expression: it has {size} bytes, more than "
                f"{MOST_READ_BYTES}; give its URI to a task instead."
            )
        content = self.services.storage.read(None, uri)
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise TaskFailed(f"Unable to read the file '{path}' as text: it is not UTF-8.") from error

    def file_size(self, path: str, namespace: str | None) -> int:
        """Give the size of a file in bytes."""
        return self.services.storage.size(None, self.readable(path, namespace))

    def file_exists(self, path: str, namespace: str | None) -> bool:
        """Say whether a file exists."""
        return self.services.storage.exists(None, self.readable(path, namespace))

    def file_uri(self, path: str, namespace: str | None) -> str:
        """Give the kestra:/// URI of a namespace file."""
        return uris.uri_of(uris.namespace_file_key(self.allowed(namespace), path))

    def error_logs(self) -> list[dict[str, Any]]:
        """List the error logs of this execution."""
        return self.services.history.error_logs(self.run)

    def tasks_with_state(self, state: str) -> list[dict[str, Any]]:
        """List the task runs in a state."""
        return self.services.history.tasks_with_state(self.run, state)

    def http(self, method: str, uri: str, options: Mapping[str, Any]) -> Any:
        """Send a request and give its decoded body."""
        response = in_thread(lambda: fetch(self.services.http.guard, method, uri, request_options(options)))
        return response.json() if "json" in response.content_type else response.text

    def fetch_ref(self, ref: Mapping[str, Any]) -> Any:
        """Follow a reference to the JSON value it stands for."""
        return json.loads(self.services.storage.read(self.run, str(ref["$ref"])))

    def encryption_key(self) -> str | None:
        """Give the default key of encrypt() and decrypt()."""
        return self.services.encryption_key

    def environment(self) -> Mapping[str, str]:
        """Give what env() may read."""
        return self.services.environment

    def masked(self, text: str) -> str:
        """Take out the secrets that this task run has seen."""
        masker = getattr(self.services.secrets, "masker", None)
        return text if masker is None else str(masker.text(text))

    def readable(self, path: str, namespace: str | None) -> str:
        """Give the URI behind a path that a template may read."""
        if not path.startswith(uris.SCHEME):
            return self.file_uri(path, namespace)
        access.check_expression_read(self.run, uris.key_of(path))
        return path

    def allowed(self, namespace: str | None) -> str:
        """Give the namespace to ask: the flow's own, or an ancestor of it."""
        return reachable(self.run.namespace, namespace)


def field_of(value: str, key: str, subkey: str) -> str:
    """Give one field of a secret that is a JSON object."""
    try:
        found = json.loads(value)[subkey]
    except (ValueError, KeyError, TypeError) as error:
        raise TaskFailed(
            f"The secret '{key}' has no field '{subkey}'; it must be a JSON object that has one."
        ) from error
    return found if isinstance(found, str) else json.dumps(found)


async def fetch(guard: "Guard", method: str, uri: str, options: Mapping[str, Any]) -> "Response":
    """Send one request by a client of its own: the tasks' connections belong to their loop."""
    from tiercel.http.client import HttpClient  # few templates call

    client = HttpClient(guard)
    try:
        return await client.request(method, uri, **options)
    finally:
        await client.close()


def request_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Write the options of http() as the HTTP client's."""
    headers = {str(name): str(value) for name, value in (options.get("headers") or {}).items()}
    for option, header in (("contentType", "Content-Type"), ("accept", "Accept")):
        if options.get(option):
            headers[header] = str(options[option])
    body = options.get("body")
    kind = "content" if isinstance(body, str) else "json"
    return {"headers": headers, "params": options.get("query")} | ({} if body is None else {kind: body})


def in_thread(call: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine from blocking code, wherever that code runs: in a thread with a loop of its own."""
    import asyncio

    answers: list[T] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            answers.append(asyncio.run(call()))
        except BaseException as error:  # raised again below, in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=body, name="tiercel-http", daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return answers[0]
