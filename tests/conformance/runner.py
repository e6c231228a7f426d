"""Run all entries of a corpus, a few at a time, each in a home of its own."""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from tests.conformance import declared, expressions, flows, units
from tests.conformance.corpus import Corpus, Entry, asserts_something, in_groups, needs_the_jvm
from tests.conformance.product import opened
from tests.conformance.report import Report
from tests.conformance.scene import Scene, surroundings
from tests.conformance.view import shown
from tests.conformance.vocabulary import problems

SECONDS_PER_ENTRY = 30.0
GRACE_SECONDS = 5.0
AT_ONCE = 4
KINDS: Mapping[str, Callable[[Scene], Awaitable[list[str]]]] = {
    "flow": flows.failures,
    "inputs": declared.input_failures,
    "invalid": declared.invalid_failures,
    "parse": declared.parse_failures,
    "task-unit": units.failures,
}


async def run(corpus: Corpus, only: str | None = None, seconds: float = SECONDS_PER_ENTRY) -> Report:
    """Run the corpus, or only its `flows` or `expressions`."""
    report = Report()
    with tempfile.TemporaryDirectory(prefix="tiercel-conformance-", ignore_cleanup_errors=True) as directory:
        homes = Path(directory)
        if only != "flows":
            run_expressions(corpus, report, homes)
        if only != "expressions":
            await run_flows(corpus, report, homes, seconds)
    return report


def run_expressions(corpus: Corpus, report: Report, homes: Path) -> None:
    """Run the entries of expressions.json."""
    for position, entry in enumerate(corpus.expressions()):
        name = f"{position:03d} {shown(entry.get('template'))}"
        reasons = None if needs_the_jvm(entry) else safely(entry, homes / f"expression-{position}")
        report.add("expressions", "expression", name, reasons)


def safely(entry: Entry, home: Path) -> list[str]:
    """Run one expression; whatever is raised is a failure."""
    try:
        return expressions.failures(entry, home)
    except Exception as error:
        return [described(error)]


async def run_flows(corpus: Corpus, report: Report, homes: Path, seconds: float) -> None:
    """Run the entries of flows.json; those of one sequence one after another, on one home."""
    entries = [entry for entry in corpus.flows() if asserts_something(entry)]
    room = asyncio.Semaphore(AT_ONCE)

    async def run_group(number: int, group: list[Entry]) -> None:
        async with room:
            for entry in group:
                reasons = (
                    None
                    if needs_the_jvm(entry)
                    else await run_entry(corpus, entry, homes / str(number), seconds)
                )
                report.add("flows", str(entry.get("kind")), str(entry.get("id")), reasons)

    await asyncio.gather(*(run_group(number, group) for number, group in enumerate(in_groups(entries))))


async def run_entry(corpus: Corpus, entry: Entry, home: Path, seconds: float) -> list[str]:
    """Run one entry; whatever is raised is a failure, and so is taking too long."""
    if found := problems(entry):
        return found
    work = asyncio.create_task(play(corpus, entry, home))
    done, _ = await asyncio.wait({work}, timeout=seconds)
    if not done:
        work.cancel()
        # a product that does not even stop must not stop the run: it is left behind
        await asyncio.wait({work}, timeout=GRACE_SECONDS)
        return [f"not finished after {seconds:g} s"]
    error = work.exception()
    return [described(error)] if error else work.result()


async def play(corpus: Corpus, entry: Entry, home: Path) -> list[str]:
    """Open the product for one entry and see what is not as the entry says."""
    unique = f"{entry.get('sequence_id') or 'unique'}-{os.getpid()}"
    async with opened(home, surroundings(entry)) as product:
        return await KINDS[entry["kind"]](Scene(entry, corpus, product, unique))


def described(error: BaseException) -> str:
    """Write an exception in one line."""
    return f"{type(error).__name__}: {error}"
