"""What a run of the corpus comes to."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Failure:
    """One entry that failed, and why in one line."""

    corpus: str
    entry: str
    reason: str

    def __str__(self) -> str:
        return " ".join(f"FAIL {self.corpus} {self.entry}: {self.reason}".split())


@dataclass
class Tally:
    """The counts of one file of the corpus."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0


@dataclass
class Report:
    """The counts by file and by kind, and all failures."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    kinds: dict[str, Tally] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    def add(self, corpus: str, kind: str, entry: str, reasons: list[str] | None) -> None:
        """Count one entry; `reasons` None means that it is skipped, none that it has passed."""
        for tally in (self.tallies.setdefault(corpus, Tally()), self.kinds.setdefault(kind, Tally())):
            if reasons is None:
                tally.skipped += 1
            elif reasons:
                tally.failed += 1
            else:
                tally.passed += 1
        if reasons:
            self.failures.append(Failure(corpus, entry, "; ".join(reasons)))

    @property
    def total(self) -> Tally:
        """Add up the files."""
        tallies = list(self.tallies.values())
        return Tally(
            sum(one.passed for one in tallies),
            sum(one.failed for one in tallies),
            sum(one.skipped for one in tallies),
        )

    def lines(self) -> list[str]:
        """Write the report for a reader: every failure, a line a kind, and the total alone at the end."""
        kinds = [f"{kind}: {summary(tally)}" for kind, tally in sorted(self.kinds.items())]
        return [*map(str, sorted(self.failures, key=str)), *kinds, summary(self.total)]

    def document(self) -> dict[str, Any]:
        """Give the report as JSON values."""
        return {
            "total": vars(self.total),
            "corpora": {name: vars(tally) for name, tally in self.tallies.items()},
            "kinds": {kind: vars(tally) for kind, tally in sorted(self.kinds.items())},
            "failures": [
                {"corpus": one.corpus, "entry": one.entry, "reason": one.reason}
                for one in sorted(self.failures, key=str)
            ],
        }

    def json(self) -> str:
        """Write the report for a program."""
        return json.dumps(self.document(), indent=2, ensure_ascii=False)


def summary(tally: Tally) -> str:
    """Write counts."""
    return f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped"
