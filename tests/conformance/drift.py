"""Where the target, Kestra 1.3, is known to differ from the line that the corpus was written for."""

import re
from collections.abc import Mapping
from typing import Any

LONGER = re.compile(r"history (?P<new>\d+) \(not (?P<old>\d+)\)")
NEWER = re.compile(
    r"`(?P<line>\w+: [^`\n]+)` exists only in the newest Kestra line.*remove it for a [\w./]*1\.x target"
)
TWICE = re.compile(r"(?P<state>[A-Z]+)(?: appears)? twice")


def note_of(entry: Mapping[str, Any]) -> str:
    """Give what an entry says about the drift."""
    return str(entry.get("drift_1_3_19") or "")


def allows_length(entry: Mapping[str, Any], wanted: int, got: int) -> bool:
    """Compare the length of a task run's history, or find it where the entry's note says it has moved to."""
    lengths = {wanted}
    for match in LONGER.finditer(note_of(entry)):
        if int(match["old"]) == wanted:
            lengths.add(int(match["new"]))
    return got in lengths


def allows_counts(entry: Mapping[str, Any], wanted: Mapping[str, int], got: Mapping[str, int]) -> bool:
    """Compare how often states occur in a history; a state that the note names may occur twice."""
    twice = {match["state"] for match in TWICE.finditer(note_of(entry))}
    return all(got[state] == count or (state in twice and got[state] == 2) for state, count in wanted.items())


def adapted(source: str, entry: Mapping[str, Any]) -> str:
    """Take out of a flow what its entry's note says that a 1.x target does not have."""
    match = NEWER.search(str(entry.get("note") or ""))
    if not match:
        return source
    return "".join(line for line in source.splitlines(keepends=True) if line.strip() != match["line"])
