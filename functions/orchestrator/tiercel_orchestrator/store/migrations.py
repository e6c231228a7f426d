"""The steps that have made the tables what they are, each applied once and never taken back.

What the tables are now stands in `sql/*/schema`; a test proves that the steps lead there.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

from tiercel_orchestrator.store.port import StoreUnavailable
from tiercel_orchestrator.store.queries import read_texts


class Migration(NamedTuple):
    """One step; its file is named `NNNN_name.sql`."""

    version: int
    name: str
    text: str

    @property
    def title(self) -> str:
        """Give the step as people read it: 0001 first tables."""
        return f"{self.version:04} {self.name.replace('_', ' ')}"


@lru_cache
def migrations(dialect: str) -> tuple[Migration, ...]:
    """Read the steps of a dialect in their order."""
    found = []
    for file, text in read_texts(dialect, "migrations").items():
        version, _, name = file.removesuffix(".sql").partition("_")
        found.append(Migration(int(version), name, text))
    return tuple(found)


def missing(dialect: str, applied: Collection[int], place: str) -> Sequence[Migration]:
    """Give the steps that a database lacks; `StoreUnavailable` says that it is ahead of this code."""
    known = migrations(dialect)
    if applied and max(applied) > known[-1].version:
        raise StoreUnavailable(
            f"The store at {place} was made by a newer tiercel: its tables are of version {max(applied)}, "
            f"this one knows {known[-1].version}; upgrade tiercel, or name another store."
        )
    return [step for step in known if step.version not in applied]
