"""The functions over PostgREST, Supabase's REST interface: how a deployed family reaches them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tiercel.errors import Retriable, TaskFailed, TiercelError
from tiercel.postgres import Refused, Row

if TYPE_CHECKING:
    import httpx
    from postgrest import APIError, SyncPostgrestClient

SECONDS = 10.0
CONNECTIONS = 100
PAGE = 1000
NO_ROLE_RIGHTS, NO_SUCH_FUNCTION = "42501", ("PGRST202", "42883", "PGRST106", "42P01")
OUR_SENTENCE = "P0001"
"""The code of what our own functions raise: it says all by itself."""
BAD_TOKEN = ("PGRST301", "PGRST302", "PGRST303")


class RestFunctions:
    """A project's REST interface. `key`: what its gateway wants of everybody, the public key of the project.

    `token`: on whose behalf, a task run's or a service's; without one there is nothing to call with.
    """

    def __init__(
        self, url: str, key: str, token: str | None = None, connections: "httpx.Client | None" = None
    ) -> None:
        self.url = url.rstrip("/")
        self.key = key
        self.token = token
        self._connections = connections

    @cached_property
    def connections(self) -> "httpx.Client":
        """Give the connections, which all tokens share."""
        import httpx

        # all may idle: httpcore closes one too many even when a request has just been given it
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        return self._connections or httpx.Client(timeout=SECONDS, trust_env=False, limits=limits)

    @cached_property
    def client(self) -> "SyncPostgrestClient":
        """Give the client that shows the token; its import, 90 ms, is for who asks for a key."""
        try:
            from postgrest import SyncPostgrestClient
        except ImportError as error:
            raise TiercelError(
                "The client of Supabase's REST interface is not installed here; "
                "install it by `pip install 'tiercel-runtime[http]'`."
            ) from error
        headers = {"apikey": self.key, "Authorization": f"Bearer {self.token}"}
        # what was sent is not sent again: a write that was done and not heard of would be done twice
        return SyncPostgrestClient(
            f"{self.url}/rest/v1", headers=headers, http_client=self.connections, retry_enabled=False
        )

    def call(self, name: str, columns: str = "*", /, **arguments: Any) -> list[Row]:
        """Call a function and give the columns of its rows."""
        return list(self.answer(name, columns, arguments).data)

    def listed(self, name: str, columns: str = "*", /, **arguments: Any) -> list[Row]:
        """Do so with a function that changes nothing and may give more rows than a project sends at once."""
        rows: list[Row] = []
        while True:
            answer = self.answer(name, columns, arguments, first=len(rows))
            rows += answer.data
            if not answer.data or len(rows) >= (answer.count or 0):
                return rows

    def answer(self, name: str, columns: str, arguments: Mapping[str, Any], first: int | None = None) -> Any:
        """Send a request; `first`: the row to begin at, which also counts them by a second call."""
        if self.token is None:
            raise TaskFailed(
                "This task run has no token to show to the Supabase project; set TIERCEL_JWT_KEY where "
                "the orchestrator calls families, or SUPABASE_SERVICE_ROLE_KEY where it runs tasks itself."
            )
        client = self.client
        import httpx
        from postgrest import APIError, CountMethod

        values: Any = {f"p_{key}": json_value(value) for key, value in arguments.items()}
        counting = None if first is None else CountMethod.exact
        request = client.rpc(name, values, count=counting).select(columns)
        try:
            return (request if first is None else request.range(first, first + PAGE - 1)).execute()
        except APIError as error:
            raise worded(error, self.url) from error
        except httpx.HTTPError as error:
            raise Retriable(
                f"{self.url} did not answer ({error or type(error).__name__}); "
                "see that SUPABASE_URL is right and can be reached from here."
            ) from error

    def under(self, token: str | None) -> "RestFunctions":
        """Give the same database as a task run sees it."""
        return self if token is None else RestFunctions(self.url, self.key, token, self.connections)

    def close(self) -> None:
        """Let go of the connections; the next call opens them again."""
        if "connections" in vars(self):
            self.connections.close()
            del self.connections
            vars(self).pop("client", None)


def json_value(value: Any) -> Any:
    """Write an argument as JSON that Postgres reads as the parameter's type."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"{value.days} days {value.seconds} seconds {value.microseconds} microseconds"
    return value


def worded(error: "APIError", url: str) -> TaskFailed:
    """Word what PostgREST, the gateway before it or the database behind it has answered."""
    code, message = str(error.code or ""), str(error.message or "")
    if code == NO_ROLE_RIGHTS:
        return Refused(message)
    if code == OUR_SENTENCE:
        return TaskFailed(message)
    if code in NO_SUCH_FUNCTION:
        return TaskFailed(
            f"The database behind {url} lacks tiercel's tables ({message}); "
            "apply infra/supabase/migrations to it."
        )
    if code in BAD_TOKEN or code == "401":
        return TaskFailed(
            f"{url} does not accept the token of this task run ({message}); TIERCEL_JWT_KEY must be a "
            "signing key of the project, or TIERCEL_JWT_SECRET its JWT secret, and the token must outlive "
            "the task."
        )
    if "API key" in message:
        return TaskFailed(
            f"The gateway at {url} answered '{message}'; set SUPABASE_ANON_KEY to the project's public key."
        )
    if code.startswith(("22", "23")):
        return TaskFailed(f"The value cannot be kept in Postgres: {message}.")
    if code.startswith(("08", "53", "57", "40", "PGRST0")) or code in ("429", "502", "503", "504"):
        return Retriable(f"{url} is busy or out of reach at the moment ({code}: {message}); try again later.")
    return TaskFailed(f"{url} answered with an error ({code}: {message}).")
