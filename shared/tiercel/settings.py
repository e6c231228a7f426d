"""What the environment says about where this process runs and what it may reach.

Read by hand: pydantic-settings costs more CPU to import than all else that a cold family does.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tiercel.errors import TiercelError

YES = ("1", "true", "yes", "on")
NO = ("0", "false", "no", "off", "")
SYNC_SECONDS = 25.0
"""A gateway gives up after 30 s; the answer must leave before."""

LAMBDA_SECONDS = 900.0
CLOUD_RUN_SECONDS = 3600.0
HIDDEN_SECONDS = 60.0
QUEUE_LEASE_SECONDS = 12 * 3600.0
"""A queue shows a dead worker's message again by itself: this is for what somebody took out of it."""
BODY_BYTES = 6 * 1024 * 1024
"""What Lambda lets in; the same everywhere, so that what works here works there."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process; every one has a default that suits a laptop."""

    home: Path = Path(".tiercel")
    storage_url: str | None = None
    kv_url: str | None = field(default=None, repr=False)
    """Where keys and states are kept: sqlite:///path, postgresql://…, or `supabase`."""
    secrets: str = "environment"
    """Where secrets are: `environment`, or `vault`, that of the Supabase project."""
    supabase_url: str | None = None
    supabase_key: str | None = None
    """The project's public key, which its gateway wants of everybody."""
    supabase_service_key: str | None = field(default=None, repr=False)
    """The project's service key: for an orchestrator, never for a family, which shows its task's token."""
    jwt_secret: str | None = field(default=None, repr=False)
    jwt_key: str | None = field(default=None, repr=False)
    """A JSON Web Key that tokens are signed with, its private half at the orchestrator only."""
    hmac_secret: str | None = field(default=None, repr=False)
    """What requests are signed with instead of tokens; a line each, while one replaces another."""
    encryption_key: str | None = field(default=None, repr=False)
    private_targets: bool = True
    """Whether tasks may call private and loopback addresses."""
    private_hosts: tuple[str, ...] = ()
    """Those that they may call nevertheless: host names, addresses, networks such as 10.1.0.0/16."""
    other_namespaces: bool = False
    """Whether flows may use keys of namespaces beside and below theirs."""
    open_to_users: bool = False
    """Whether everybody who has signed in to the project may call this family, without a scope."""
    on_lambda: bool = False
    on_cloud_run: bool = False
    sync_seconds: float = SYNC_SECONDS
    body_bytes: int = BODY_BYTES
    """The largest body that is read."""
    results_queue: str | None = None
    """URL of the SQS queue to which a worker sends results."""
    service_token: str | None = field(default=None, repr=False)
    """What a family keeps its runs under, in the Supabase project; without one they are kept in memory."""
    record_runs: bool = True
    """Whether calls that are answered at once are kept, too, where runs are."""
    service_registry: bool = False
    """Whether an orchestrator reads from the service tables which families there are."""
    work_queue: str | None = None
    """URL of the SQS queue from which the family's worker takes envelopes."""
    hidden_seconds: float = HIDDEN_SECONDS
    """How long nobody else sees a message after its worker was last known to live."""
    queue_lease_seconds: float = QUEUE_LEASE_SECONDS
    """How long a task that was left to a queue is waited for before it is sent again."""

    @property
    def deployed(self) -> bool:
        """Say whether strangers may reach this process."""
        return self.on_lambda or self.on_cloud_run

    @property
    def most_seconds(self) -> float | None:
        """Give the longest that anything may take here; None where nobody ends it."""
        return LAMBDA_SECONDS if self.on_lambda else CLOUD_RUN_SECONDS if self.on_cloud_run else None

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings from the environment."""
        values = os.environ if environment is None else environment
        on_lambda, on_cloud_run = "AWS_LAMBDA_FUNCTION_NAME" in values, "K_SERVICE" in values
        deployed = on_lambda or on_cloud_run
        private = values.get("TIERCEL_ALLOW_PRIVATE_TARGETS", "false" if deployed else "true")
        return cls(
            # only /tmp is writable on Lambda
            home=Path(values.get("TIERCEL_HOME") or ("/tmp/tiercel" if on_lambda else ".tiercel")),
            storage_url=values.get("TIERCEL_STORAGE_URL") or None,
            kv_url=values.get("TIERCEL_KV_URL") or None,
            secrets=values.get("TIERCEL_SECRETS") or "environment",
            supabase_url=values.get("SUPABASE_URL") or None,
            supabase_key=values.get("SUPABASE_ANON_KEY") or None,
            supabase_service_key=values.get("SUPABASE_SERVICE_ROLE_KEY") or None,
            jwt_secret=values.get("TIERCEL_JWT_SECRET") or None,
            jwt_key=values.get("TIERCEL_JWT_KEY") or None,
            hmac_secret=values.get("TIERCEL_HMAC_SECRET") or None,
            encryption_key=values.get("TIERCEL_ENCRYPTION_KEY") or None,
            private_targets=private.lower() in YES,
            private_hosts=() if private.lower() in (*YES, *NO) else hosts(private),
            other_namespaces=values.get("TIERCEL_ALLOW_OTHER_NAMESPACES", "").lower() in YES,
            open_to_users=values.get("TIERCEL_OPEN_TO_USERS", "").lower() in YES,
            on_lambda=on_lambda,
            on_cloud_run=on_cloud_run,
            sync_seconds=seconds(values, "TIERCEL_SYNC_SECONDS", SYNC_SECONDS),
            body_bytes=bytes_of(values.get("TIERCEL_BODY_BYTES")),
            results_queue=values.get("TIERCEL_RESULTS_QUEUE_URL") or None,
            service_token=values.get("TIERCEL_SERVICE_TOKEN") or None,
            record_runs=values.get("TIERCEL_RECORD_RUNS", "true").lower() in YES,
            service_registry=values.get("TIERCEL_SERVICE_REGISTRY", "").lower() in YES,
            work_queue=values.get("TIERCEL_WORK_QUEUE_URL") or None,
            hidden_seconds=seconds(values, "TIERCEL_HIDDEN_SECONDS", HIDDEN_SECONDS),
            queue_lease_seconds=seconds(values, "TIERCEL_QUEUE_LEASE_SECONDS", QUEUE_LEASE_SECONDS),
        )


def hosts(text: str) -> tuple[str, ...]:
    """Read a list of hosts and networks; what looks like a network has to be one."""
    from ipaddress import ip_network

    found = tuple(one.strip().lower() for one in text.split(",") if one.strip())
    for one in found:
        try:
            if "/" in one:
                ip_network(one)
        except ValueError as error:
            raise TiercelError(
                f"TIERCEL_ALLOW_PRIVATE_TARGETS names '{one}', which is no network ({error}); "
                "write true, false, or hosts and networks such as db.internal,10.1.0.0/16."
            ) from error
    return found


def seconds(values: Mapping[str, str], name: str, default: float) -> float:
    """Read a number of seconds."""
    text = values.get(name)
    try:
        value = float(text) if text else default
    except ValueError:
        value = 0.0
    if not value > 0:
        raise TiercelError(
            f"{name} is '{text}'; set it to a positive number of seconds, for example {default:g}."
        )
    return value


def bytes_of(text: str | None) -> int:
    """Read TIERCEL_BODY_BYTES."""
    if not text:
        return BODY_BYTES
    if not (text.isdecimal() and int(text) > 0):
        raise TiercelError(
            f"TIERCEL_BODY_BYTES is '{text}'; set it to a positive number of bytes, for example {BODY_BYTES}."
        )
    return int(text)
