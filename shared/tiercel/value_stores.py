"""Where keys, states and secrets are kept: chosen by settings, and imported only when it is chosen."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tiercel.errors import TaskFailed, TiercelError
from tiercel.kv import KeyValueStore
from tiercel.no_operations import NoOperations
from tiercel.secrets import Secrets
from tiercel.settings import Settings
from tiercel.state import StateStore

if TYPE_CHECKING:
    from tiercel.operations import Operations
    from tiercel.postgres import Functions

SQLITE = "sqlite:///"
POSTGRES = ("postgres://", "postgresql://")
SUPABASE = "supabase"


class ValueStores(NamedTuple):
    """The stores of one process."""

    kv: KeyValueStore
    state: StateStore
    secrets: Secrets


def value_stores(settings: Settings, home: Path) -> ValueStores:
    """Build the stores that the settings name; `TiercelError` says which setting is wrong."""
    kv, state = kept_values(settings, home)
    return ValueStores(kv, state, kept_secrets(settings))


def kept_values(settings: Settings, home: Path) -> tuple[KeyValueStore, StateStore]:
    """Build the stores of keys and states, by default a SQLite file below `home`."""
    path = sqlite_path(settings, home)
    if path is not None:
        from tiercel.kv.sqlite import SqliteKeyValueStore
        from tiercel.state.sqlite import SqliteStateStore

        return SqliteKeyValueStore(path), SqliteStateStore(path)
    from tiercel.kv.postgres import PostgresKeyValueStore
    from tiercel.state.postgres import PostgresStateStore

    functions = functions_of(settings)
    return PostgresKeyValueStore(functions), PostgresStateStore(functions)


def sqlite_path(settings: Settings, home: Path) -> Path | None:
    """Give the file that keys are kept in, if they are in one."""
    url = settings.kv_url
    if url is None:
        return None if settings.deployed else home / "values.db"
    return Path(url.removeprefix(SQLITE)) if url.startswith(SQLITE) and url != SQLITE else None


def functions_of(settings: Settings) -> "Functions":
    """Give the database that keys are kept in."""
    url = settings.kv_url
    if url is None:
        return rest_functions(settings, "SUPABASE_URL") if settings.supabase_url else NoFunctions()
    if url == SUPABASE:
        return rest_functions(settings, "TIERCEL_KV_URL=supabase")
    if not url.startswith(POSTGRES):
        raise TiercelError(
            f"TIERCEL_KV_URL starts with '{url.partition(':')[0]}'; set it to `supabase`, to an address that "
            "starts with postgresql:// or to a file, sqlite:///path."
        )
    try:
        from tiercel.postgres.direct import DirectFunctions
    except ImportError as error:
        raise TiercelError(
            "TIERCEL_KV_URL names a Postgres, whose driver is not installed here; "
            "install it by `pip install 'tiercel-runtime[postgres]'`."
        ) from error
    return DirectFunctions(url)


def rest_functions(settings: Settings, reason: str) -> "Functions":
    """Give a Supabase project; `reason` is the setting that asks for it."""
    if not settings.supabase_url or not settings.supabase_key:
        missing = "SUPABASE_ANON_KEY" if settings.supabase_url else "SUPABASE_URL"
        raise TiercelError(f"{reason} asks for a Supabase project, and {missing} is not set; set it, too.")
    if not settings.supabase_url.startswith(("https://", "http://")):
        raise TiercelError(
            f"SUPABASE_URL is '{settings.supabase_url}'; set it to the project's address, "
            "for example https://abc.supabase.co."
        )
    from tiercel.postgres.rest import RestFunctions

    return RestFunctions(settings.supabase_url, settings.supabase_key, settings.supabase_service_key)


def kept_operations(settings: Settings) -> "Operations":
    """Build the way to the orchestrator: over the project of a deployed family, or none."""
    if not (settings.deployed and settings.supabase_url and settings.kv_url in (None, SUPABASE)):
        return NoOperations()
    from tiercel.postgres.operations import PostgresOperations

    return PostgresOperations(rest_functions(settings, "SUPABASE_URL"))


def kept_secrets(settings: Settings) -> Secrets:
    """Build the store of secrets: environment variables, or Supabase's Vault."""
    if settings.secrets == "vault":
        from tiercel.secrets.vault import VaultSecrets

        return VaultSecrets(rest_functions(settings, "TIERCEL_SECRETS=vault"))
    if settings.secrets != "environment":
        raise TiercelError(f"TIERCEL_SECRETS is '{settings.secrets}'; set it to `environment` or to `vault`.")
    from tiercel.secrets.environment import EnvironmentSecrets

    return EnvironmentSecrets()


class NoFunctions:
    """What a deployed function has without settings: no store at all, for its disk goes when it does."""

    def call(self, name: str, columns: str = "*", /, **arguments: Any) -> list[Any]:
        """Refuse."""
        raise TaskFailed(
            "This function has no key-value store; set SUPABASE_URL and SUPABASE_ANON_KEY, or TIERCEL_KV_URL."
        )

    listed = call

    def under(self, token: str | None) -> "NoFunctions":
        """Give this."""
        return self

    def close(self) -> None:
        """Do nothing."""
