"""`python -m tests.conformance CORPUS_DIR [--only flows|expressions] [--json]`: exit code 0 if nothing failed."""

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
    try:
        report = asyncio.run(run(Corpus(Path(options.corpus)), options.only, options.seconds))
    except Unreadable as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(report.json() + "\n" if options.json else "\n".join(report.lines()) + "\n")
    return 1 if report.failures else 0


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    described = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    described.add_argument(
        "corpus", nargs="?", default=os.environ.get("CONFORMANCE_DIR"), metavar="CORPUS_DIR"
    )
    described.add_argument("--only", choices=("flows", "expressions"), help="run one file of the corpus")
    described.add_argument("--json", action="store_true", help="print the results as JSON, and nothing else")
    described.add_argument("--seconds", type=float, default=SECONDS_PER_ENTRY, help="limit for one entry")
    return described


if __name__ == "__main__":
    sys.exit(main())
