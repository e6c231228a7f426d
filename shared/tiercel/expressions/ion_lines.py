"""Values as lines of Ion, one value a line: what Kestra's files of rows hold."""

from collections.abc import Iterable, Iterator
from typing import Any

from tiercel.expressions.budget import Budget
from tiercel.expressions.ion_writer import ion_text


class _Plain:
    """Reads values that hold no reference."""

    def __init__(self) -> None:
        self.budget = Budget()

    def follow(self, value: Any) -> Any:
        return value


def ion_lines(values: Iterable[Any]) -> Iterator[bytes]:
    """Write each value on a line of its own, in UTF-8."""
    for value in values:
        yield ion_text(value, _Plain()).encode() + b"\n"
