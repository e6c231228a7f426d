"""What the command line prints, and where: results to stdout, everything else to stderr."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tiercel.errors import InvalidFlow, Problem


class Patient(Console):
    """A console whose reader may go away: then it says no more, and the command goes on."""

    def on_broken_pipe(self) -> None:
        """Fall silent instead of leaving."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


out = Patient(highlight=False, soft_wrap=True, emoji=False)
err = Patient(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def plain(text: str) -> None:
    """Print a line to stdout as it is: no markup, no wrapping, no colour."""
    sys.stdout.write(text + "\n")


def problems(file: Path | None, found: Sequence[Problem]) -> None:
    """Print problems as compilers do: file:line:column: what is wrong and what would be right."""
    for problem in found:
        if problem.echo:
            continue
        place = str(file) if file else ""
        if problem.line is not None:
            place += f":{problem.line}:{problem.column or 1}"
        where = f"{problem.path}: " if problem.path and not problem.message.startswith(problem.path) else ""
        err.print(
            f"{place}: {where}{problem.message}" if place else f"{where}{problem.message}", markup=False
        )


def refusal(file: Path | None, error: InvalidFlow) -> None:
    """Print why a flow or its inputs are refused."""
    problems(file, error.problems)
