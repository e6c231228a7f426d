"""What reading finds: problems with their places, and the sentences they share."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from tiercel.errors import Problem
from tiercel.flows.yaml_tree import Node

MOST_NAMES = 20


@dataclass
class Report:
    """What was found in one source. `problems` refuse a flow; `expressions`: templates nobody can parse.

    Those are apart because a run reports them where they are met, and an `errors` block may catch them.
    """

    source: str = ""
    problems: list[Problem] = field(default_factory=list)
    expressions: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    strict: bool = True
    """Whether a flow is about to be put; in one that is kept, less is refused: it was accepted once."""

    def add(self, message: str, at: Node, path: str, *, echo: bool = False) -> None:
        """Add a problem at the place of a value; an `echo` only words the one before it once more."""
        self.problems.append(Problem(message, path, at.line, at.column, echo))

    def when_put(self, message: str, at: Node, path: str) -> None:
        """Add a problem for which a flow is not put, but which one that is kept may have."""
        if self.strict:
            self.add(message, at, path)

    def unknown(self, name: str, known: Iterable[str], owner: str, at: Node, path: str) -> None:
        """Add the problem of a property that does not exist."""
        if not self.strict:
            return
        self.add(f'Unrecognized field "{name}" ({owner}): {suggestion(name, known)}', at, path)

    def scratch(self) -> "Report":
        """Give an empty report on the same source, to try something out."""
        return Report(self.source, strict=self.strict)

    def take(self, other: "Report") -> None:
        """Add all that another report holds."""
        self.problems += other.problems
        self.expressions += other.expressions
        self.warnings += other.warnings


def suggestion(name: str, known: Iterable[str]) -> str:
    """Say which known name was meant, or list the first ones."""
    names = list(known)
    folded = {other.lower(): other for other in names}
    close = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{folded[close[0]]}"?'
    more = ", …" if len(names) > MOST_NAMES else ""
    return f"known here: {', '.join(names[:MOST_NAMES])}{more}" if names else "nothing is known here"


def join(path: str, name: str) -> str:
    """Give the path of a property."""
    return f"{path}.{name}" if path else name
