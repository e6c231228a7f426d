"""What a template may reach beside plain data, and nothing more."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn, Protocol, cast

from tiercel.clock import now
from tiercel.errors import ExpressionError


class Services(Protocol):
    """The doors of a template; a service that lacks one inherits from `NoServices`.

    A path is a kestra:/// URI or the path of a namespace file. Whoever implements a method checks what the
    execution may see: a template can ask for anything, `fetch_ref` included.
    """

    def secret(self, key: str, namespace: str | None, subkey: str | None) -> str:
        """Give a secret."""

    def kv(self, key: str, namespace: str | None, error_on_missing: bool) -> Any:
        """Give a value of the key-value store; None where it is missing and that is no error."""

    def read_file(self, path: str, namespace: str | None) -> str:
        """Give the text of a file."""

    def file_size(self, path: str, namespace: str | None) -> int:
        """Give the size of a file in bytes."""

    def file_exists(self, path: str, namespace: str | None) -> bool:
        """Say whether a file exists."""

    def file_uri(self, path: str, namespace: str | None) -> str:
        """Give the kestra:/// URI of a namespace file."""

    def error_logs(self) -> list[dict[str, Any]]:
        """List the error logs of this execution: taskId and message."""

    def tasks_with_state(self, state: str) -> list[dict[str, Any]]:
        """List the task runs in a state."""

    def http(self, method: str, uri: str, options: Mapping[str, Any]) -> Any:
        """Send a request and give its decoded body; `options`: query, body, contentType, headers …"""

    def subflow(
        self,
        namespace: str | None,
        id: str,
        inputs: Mapping[str, Any],
        revision: int | None,
        labels: Mapping[str, Any],
        timeout: str | None,
    ) -> Any:
        """Run a subflow and give its outputs."""

    def fetch_ref(self, ref: Mapping[str, Any]) -> Any:
        """Follow `{"$ref": uri, "size": …, "sha256": …}` to the value it stands for."""

    def encryption_key(self) -> str | None:
        """Give the default key of encrypt() and decrypt(), in base64."""

    def environment(self) -> Mapping[str, str]:
        """Give what env() may read, names in lower case."""

    def masked(self, text: str) -> str:
        """Take out the secrets that are known, for what shows everything at once."""

    def now(self) -> datetime:
        """Give the present moment."""


def _refuse(what: str) -> NoReturn:
    raise ExpressionError(f"{what} is not available here")


class Completed:
    """Services of which some doors may be missing: those refuse."""

    def __init__(self, given: object) -> None:
        self._given = given

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._given, name, None)
        return getattr(_REFUSING, name) if found is None else found


class NoServices:
    """Refuse everything but the time; the base of a service that opens some doors only."""

    def secret(self, key: str, namespace: str | None, subkey: str | None) -> str:
        """Refuse."""
        _refuse("`secret`")

    def kv(self, key: str, namespace: str | None, error_on_missing: bool) -> Any:
        """Refuse."""
        _refuse("`kv`")

    def read_file(self, path: str, namespace: str | None) -> str:
        """Refuse."""
        _refuse("`read`")

    def file_size(self, path: str, namespace: str | None) -> int:
        """Refuse."""
        _refuse("`fileSize`")

    def file_exists(self, path: str, namespace: str | None) -> bool:
        """Refuse."""
        _refuse("`fileExists`")

    def file_uri(self, path: str, namespace: str | None) -> str:
        """Refuse."""
        _refuse("`fileURI`")

    def error_logs(self) -> list[dict[str, Any]]:
        """Refuse."""
        _refuse("`errorLogs`")

    def tasks_with_state(self, state: str) -> list[dict[str, Any]]:
        """Refuse."""
        _refuse("`tasksWithState`")

    def http(self, method: str, uri: str, options: Mapping[str, Any]) -> Any:
        """Refuse."""
        _refuse("`http`")

    def subflow(
        self,
        namespace: str | None,
        id: str,
        inputs: Mapping[str, Any],
        revision: int | None,
        labels: Mapping[str, Any],
        timeout: str | None,
    ) -> Any:
        """Refuse."""
        _refuse("`subflow`")

    def fetch_ref(self, ref: Mapping[str, Any]) -> Any:
        """Refuse."""
        _refuse("A value kept in internal storage")

    def encryption_key(self) -> str | None:
        """Give no key."""
        return None

    def environment(self) -> Mapping[str, str]:
        """Give no variables."""
        return {}

    def masked(self, text: str) -> str:
        """Give the text as it is: no secret is known here."""
        return text

    def now(self) -> datetime:
        """Give the present moment."""
        return now()


def completed(given: object | None) -> Services:
    """Give services whose missing doors refuse."""
    return _REFUSING if given is None else cast("Services", Completed(given))


_REFUSING = NoServices()
