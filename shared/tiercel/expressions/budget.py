"""How much one rendering may cost: steps, characters, nesting and wall time."""

from __future__ import annotations

import time

from tiercel.errors import ExpressionError

STEPS = 3_000_000
CHARACTERS = 64 * 1024 * 1024
SECONDS = 10.0
DEPTH = 48
STEPS_BETWEEN_CLOCK_READS = 2048


class Budget:
    """What is left to one rendering; every limit ends in an ExpressionError that names it."""

    __slots__ = ("_deadline", "characters", "depth", "largest", "next_look", "seconds", "steps")

    def __init__(
        self, steps: int = STEPS, characters: int = CHARACTERS, seconds: float = SECONDS, depth: int = DEPTH
    ) -> None:
        self.steps = steps
        self.characters = characters
        self.largest = characters
        self.seconds = seconds
        self.depth = depth
        self._deadline = 0.0
        self.next_look = steps - STEPS_BETWEEN_CLOCK_READS

    def spend(self, steps: int = 1) -> None:
        """Pay for work about as large as one turn of a loop."""
        self.steps -= steps
        if self.steps < self.next_look:
            self.look()

    def look(self) -> None:
        """Check the steps and the clock; the clock is read once in a while only."""
        if self.steps < 0:
            raise ExpressionError("The expression takes too many steps: move the work to a task")
        if self._deadline == 0.0:
            self._deadline = time.monotonic() + self.seconds
        elif time.monotonic() > self._deadline:
            raise ExpressionError(
                f"The expression takes longer than {self.seconds:g} seconds: move the work to a task"
            )
        self.next_look = self.steps - STEPS_BETWEEN_CLOCK_READS

    def remaining_seconds(self) -> float:
        """Say how long a child process may run."""
        if self._deadline == 0.0:
            return self.seconds
        return max(0.01, self._deadline - time.monotonic())

    def write(self, size: int) -> None:
        """Pay for output."""
        self.characters -= size
        if self.characters < 0:
            raise ExpressionError(f"The expression writes more than {self.largest} characters")

    def build(self, size: int) -> None:
        """Check the size of an intermediate text or list before it is made, and pay for making it."""
        if size > self.largest:
            raise ExpressionError(f"The expression builds a value larger than {self.largest}")
        self.spend(size >> 6)

    def enter(self) -> None:
        """Go one level deeper: a macro, a block, a rendering inside a rendering."""
        self.depth -= 1
        if self.depth < 0:
            raise ExpressionError(
                "Too many rendering attempts: the templates, blocks or macros call each other without end"
            )

    def leave(self) -> None:
        """Come back from what `enter` began."""
        self.depth += 1
