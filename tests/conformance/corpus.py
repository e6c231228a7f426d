"""A corpus: a folder with flows.json, expressions.json and the flows they name."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

Entry: TypeAlias = Mapping[str, Any]


class Unreadable(Exception):
    """The folder is no corpus."""


@dataclass(frozen=True)
class Corpus:
    """The entries of a folder."""

    directory: Path

    def flows(self) -> list[Entry]:
        """Read flows.json."""
        return self._read("flows.json")

    def expressions(self) -> list[Entry]:
        """Read expressions.json."""
        return self._read("expressions.json")

    def text(self, path: str) -> str:
        """Read a file of the corpus, which is at hand for a flow."""
        return (self.directory / path).read_text(encoding="utf-8")

    def _read(self, name: str) -> list[Entry]:
        try:
            entries = json.loads((self.directory / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise Unreadable(f"{self.directory} is no corpus: {name} cannot be read ({error})") from error
        if not isinstance(entries, list):
            raise Unreadable(f"{self.directory} is no corpus: {name} is not a list of entries")
        return entries


def asserts_something(entry: Entry) -> bool:
    """Say whether an entry can fail; helper flows cannot, and are not counted."""
    return bool(entry.get("expected")) or entry.get("expected_state") is not None


def needs_the_jvm(entry: Entry) -> bool:
    """Say whether an entry is skipped: it needs a task of Kestra's own tests, or the name of a Java class."""
    return bool(entry.get("needs_test_plugin")) or bool(entry.get("jvm_specific"))


def in_groups(entries: list[Entry]) -> list[list[Entry]]:
    """Put the entries of one sequence together, in its order; every other entry stands alone."""
    groups: dict[str, list[Entry]] = {}
    for position, entry in enumerate(entries):
        sequence = entry.get("sequence_id")
        groups.setdefault(f"sequence {sequence}" if sequence else f"entry {position}", []).append(entry)
    return [
        sorted(group, key=lambda entry: int(entry.get("sequence_index") or 0)) for group in groups.values()
    ]
