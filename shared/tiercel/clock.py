"""The only place that reads the wall clock."""

from datetime import UTC, datetime
from functools import lru_cache


def now() -> datetime:
    """Give the present moment in UTC."""
    return datetime.now(UTC)


def timestamp(moment: datetime | None = None) -> str:
    """Write a moment as ISO 8601 in UTC with milliseconds and a Z, as Kestra's REST API does."""
    return written(moment or now())


@lru_cache(maxsize=16)  # what happens in one transaction happens at one moment
def written(moment: datetime) -> str:
    """Write a moment."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def parse_timestamp(text: str) -> datetime:
    """Read what `timestamp` wrote."""
    return datetime.fromisoformat(text)
