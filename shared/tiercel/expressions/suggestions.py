"""The nearest known name; in a module of its own because difflib is only needed once something is wrong."""

from difflib import get_close_matches

LONGEST_NAME = 64
MOST_NAMES = 2000


def nearest(name: str, known: list[str]) -> str | None:
    """Give the known name that looks most like this one, if any does."""
    if len(name) > LONGEST_NAME:
        return None
    candidates = [other for other in known[:MOST_NAMES] if len(other) <= LONGEST_NAME]
    lowered = {other.lower(): other for other in candidates}
    close = get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.6)
    return lowered[close[0]] if close else None
