"""Moments as properties write them."""

import re
from datetime import UTC, datetime

from tiercel.errors import TaskFailed


def read_date(text: str) -> datetime:
    """Read a date or a date with time in ISO 8601; a zone's name in brackets behind the offset is dropped."""
    try:
        return datetime.fromisoformat(re.sub(r"\[[^]]*\]$", "", text.strip()))
    except ValueError as error:
        raise TaskFailed(f"`{text}` is no date: write it as 2024-12-31 or 2024-12-31T23:59:59Z.") from error


def with_zone(moment: datetime) -> datetime:
    """Take a date without a zone as UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
