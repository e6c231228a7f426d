"""What all measurements share: interleaved rounds, medians with their spread, children and what they cost."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

ROUNDS = 9


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some values, with the least and the greatest."""

    median: float
    least: float
    greatest: float

    def text(self, digits: int = 2) -> str:
        """Write it for a table."""
        return f"{self.median:.{digits}f} ({self.least:.{digits}f}-{self.greatest:.{digits}f})"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a child process took: CPU and wall seconds, peak memory in MB, and what it printed."""

    cpu_seconds: float
    wall_seconds: float
    peak_mb: float
    output: str


def spread(values: Sequence[float]) -> Spread:
    """Give median, least and greatest."""
    return Spread(statistics.median(values), min(values), max(values))


def interleaved(measures: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, Spread]:
    """Take every measure once a round, so that a busy moment hits all alike; the first does not count."""
    values: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(rounds + 1):
        for name, measure in measures.items():
            value = measure()
            if number:
                values[name].append(value)
    return {name: spread(taken) for name, taken in values.items()}


# bytecode is kept, ours and a peer's: the first round, which is thrown away, compiles
COMPILED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def child(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Run a child to its end; a child that fails ends the measurement."""
    started = time.perf_counter()
    process = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, text=True, env={**COMPILED, **(environment or {})}
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments[:4])} ended with {process.returncode}: {output}")
    wall = time.perf_counter() - started
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, output)


def python(code: str, environment: Mapping[str, str] | None = None) -> Cost:
    """Run Python code in a child."""
    return child([sys.executable, "-c", code], environment)


def cpu_of(work: Callable[[], object], times: int = 1) -> float:
    """Give the CPU seconds of one call, averaged over some calls."""
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) / times


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    print(title)
    for row in [header, ["-" * width for width in widths], *rows]:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print()


def verdict(value: float, bar: float) -> str:
    """Say whether a value keeps within its bar."""
    return f"{'ok' if value <= bar else 'OVER'}, bar {bar:g}"
