"""Run a corpus: `python -m tests.conformance CORPUS_DIR`; exit code 0 if nothing failed, else 1."""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from tests.conformance.corpus import Corpus, Unreadable
from tests.conformance.runner import SECONDS_PER_ENTRY, run


def main(arguments: list[str] | None = None) -> int:
    """Run a corpus and print the report."""
    options = parser().parse_args(arguments)
    if not options.corpus:
        parser().error("name the corpus: its folder as argument, or in CONFORMANCE_DIR")
    # a failing task is an outcome here; what was logged about it would drown the report
    logging.disable(logging.CRITICAL)
    asyncio.run(report(options))
    return 2


async def report(options: argparse.Namespace) -> None:
    """Run and print, then end the process."""
    code = 2
    try:
        result = await run(Corpus(Path(options.corpus)), options.only, options.seconds)
        sys.stdout.write(result.json() + "\n" if options.json else "\n".join(result.lines()) + "\n")
        code = 1 if result.failures else 0
    except Unreadable as error:
        sys.stderr.write(f"{error}\n")
    sys.stdout.flush()
    # at once: a thread that a failing entry has left behind would hold the interpreter for ever
    os._exit(code)


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    line = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    line.add_argument("corpus", nargs="?", default=os.environ.get("CONFORMANCE_DIR"), metavar="CORPUS_DIR")
    line.add_argument("--only", choices=("flows", "expressions"), help="run one file of the corpus")
    line.add_argument("--json", action="store_true", help="print the results as JSON, and nothing else")
    line.add_argument("--seconds", type=float, default=SECONDS_PER_ENTRY, help="limit for one entry")
    return line


if __name__ == "__main__":
    sys.exit(main())
