"""What the environment says about where this process runs and what it may reach.

Read by hand: pydantic-settings costs more CPU to import than all else that a cold family does.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tiercel.errors import TiercelError

YES = ("1", "true", "yes", "on")
SYNC_SECONDS = 25.0
"""A gateway gives up after 30 s; the answer must leave before."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process; every one has a default that suits a laptop."""

    home: Path = Path(".tiercel")
    storage_url: str | None = None
    jwt_secret: str | None = None
    encryption_key: str | None = None
    private_targets: bool = True
    """Whether tasks may call private and loopback addresses."""
    on_lambda: bool = False
    on_cloud_run: bool = False
    sync_seconds: float = SYNC_SECONDS
    results_queue: str | None = None
    """URL of the SQS queue to which a worker sends results."""

    @property
    def deployed(self) -> bool:
        """Say whether strangers may reach this process."""
        return self.on_lambda or self.on_cloud_run

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
            jwt_secret=values.get("TIERCEL_JWT_SECRET") or None,
            encryption_key=values.get("TIERCEL_ENCRYPTION_KEY") or None,
            private_targets=private.lower() in YES,
            on_lambda=on_lambda,
            on_cloud_run=on_cloud_run,
            sync_seconds=seconds(values.get("TIERCEL_SYNC_SECONDS")),
            results_queue=values.get("TIERCEL_RESULTS_QUEUE_URL") or None,
        )


def seconds(text: str | None) -> float:
    """Read TIERCEL_SYNC_SECONDS."""
    try:
        value = float(text) if text else SYNC_SECONDS
    except ValueError:
        value = 0.0
    if not value > 0:
        raise TiercelError(
            f"TIERCEL_SYNC_SECONDS is '{text}'; set it to a positive number of seconds, for example 25."
        )
    return value
