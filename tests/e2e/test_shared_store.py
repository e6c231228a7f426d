"""Executions in Postgres: one option names it, several homes share it, and what is wrong is said."""

import asyncio
import contextlib
import re
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.e2e.cli import Cli
from tests.e2e.test_server import serving
from tests.postgres import GUARDED
from tests.store.conftest import Raw, empty
from tiercel import clock
from tiercel_orchestrator.local import open_engine
from tiercel_orchestrator.shell.starting import StartRequest
from tiercel_orchestrator.store.connecting import place_of
from tiercel_orchestrator.store.opening import open_store
from tiercel_orchestrator.store.port import Filter

SAYS = """
id: says
namespace: tests
tasks:
  - {id: say, type: io.kestra.plugin.core.debug.Return, format: hello}
"""
WAITS = """
id: waits
namespace: tests
tasks:
  - id: wait
    type: io.kestra.plugin.scripts.shell.Script
    taskRunner: {type: io.kestra.plugin.core.runner.Process}
    script: |
      echo "{{ execution.id }} {{ envs.place }}" >> DIRECTORY/ran
      until [ -e DIRECTORY/go ]; do sleep 0.05; done
"""
EXECUTIONS = 8


@pytest.fixture
def database(postgres_url: str) -> str:
    """Give an address of a store that nobody has used."""
    empty(postgres_url)
    return postgres_url


def test_commands_share_a_store_in_postgres(cli: Cli, database: str) -> None:
    cli.write("says.yaml", SAYS)
    ran = cli.run("run", "says.yaml", "--json", "--store", database)
    assert ran.code == 0, ran.err
    elsewhere = cli.with_settings(TIERCEL_STORE=database, TIERCEL_HOME="another")
    assert [one["id"] for one in elsewhere.run("executions", "--json").json] == [ran.json["id"]]
    assert elsewhere.run("logs", ran.json["id"]).code == 0
    assert elsewhere.run("replay", ran.json["id"], "--quiet").code == 0
    assert len(elsewhere.run("executions", "--json").json) == 2
    assert not list(cli.directory.glob("*/engine.db"))


def test_two_orchestrators_of_two_homes_share_the_work(cli: Cli, database: str) -> None:
    directory = cli.directory
    asyncio.run(left_behind(directory / "third", database, WAITS.replace("DIRECTORY", str(directory))))
    places = [cli.with_settings(TIERCEL_HOME=name, TIERCEL_STORE=database, ENV_PLACE=name) for name in "ab"]
    with contextlib.closing(open_store(database)) as store, contextlib.ExitStack() as servers:
        running = [servers.enter_context(serving(place, "--concurrency", "1"))[1] for place in places]
        until(running, lambda: len(store.owners()) == len(places))
        (directory / "go").touch()
        until(running, lambda: not store.unfinished())
        ended = store.executions(Filter())
    assert [one.state for one in ended] == ["SUCCESS"] * EXECUTIONS
    ran = [line.split() for line in (directory / "ran").read_text().splitlines()]
    assert sorted(execution_id for execution_id, _ in ran) == sorted(one.id for one in ended)
    assert {place for _, place in ran} == {"a", "b"}


async def left_behind(home: Path, url: str, source: str) -> None:
    """Start executions, and leave all work on them to others."""
    async with open_engine(home, url, claiming=False) as engine:
        await engine.in_store(engine.store.put_flow, "tests", "waits", source, clock.now())
        for _ in range(EXECUTIONS):
            await engine.start(StartRequest("tests", "waits"))


def until(running: Sequence["subprocess.Popen[str]"], holds: Callable[[], bool]) -> None:
    """Look again and again until something holds, or one of the commands has ended."""
    while not holds():
        assert all(process.poll() is None for process in running)


def refused(cli: Cli, url: str) -> str:
    """Give the one sentence with which an address is refused, whatever the command."""
    cli.write("says.yaml", SAYS)
    said = set()
    for arguments in (("run", "says.yaml"), ("executions",), ("logs", "x"), ("db", "migrate")):
        ran = cli.run(*arguments, "--store", url)
        assert (ran.code, ran.out) == (2, ""), ran.err
        said.add(ran.err)
    (sentence,) = said
    assert sentence.count("\n") == 1
    return sentence


def test_an_address_of_no_store_is_refused_with_the_forms_there_are(cli: Cli) -> None:
    assert "A store cannot be at mysql://…; write postgresql://user@host" in refused(
        cli, "mysql://u:hidden@h/d"
    )
    assert "names no file; write" in refused(cli, "sqlite://engine.db")
    unreadable = refused(cli, "postgresql://me:hid#den@localhost/db")
    assert "special characters of the password as %XX" in unreadable
    assert "hid" not in unreadable


def test_a_server_that_is_not_there_is_said(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    sentence = refused(cli, f"postgresql://me:hidden@127.0.0.1:{port}/db")
    assert f"The store at postgresql://127.0.0.1:{port}/db cannot be used (" in sentence
    assert "see that it runs" in sentence
    assert "hidden" not in sentence


def test_a_wrong_password_a_missing_database_and_missing_rights_are_said(cli: Cli, database: str) -> None:
    with contextlib.closing(Raw(database)) as raw:
        raw.execute(f"drop role if exists {GUARDED}")
        raw.execute(f"create role {GUARDED} login password 'right'")
    as_guarded = re.sub("//[^@]*@", f"//{GUARDED}:WORD@", database)
    assert "correct the user and password" in refused(cli, as_guarded.replace("WORD", "wrong"))
    assert "grant the user what it needs" in refused(cli, as_guarded.replace("WORD", "right"))
    assert "create the database" in refused(cli, database.rsplit("/", 1)[0] + "/nowhere")


def test_a_postgres_that_is_too_old_is_said(cli: Cli) -> None:
    with old_server("14.9") as url:
        sentence = refused(cli, url)
    assert sentence.startswith(
        f"The store at {place_of(url)} is Postgres 14; tiercel needs Postgres 15 or newer"
    )


@contextlib.contextmanager
def old_server(version: str) -> Iterator[str]:
    """Stand in for a server of a version: it lets everybody in, and says no more."""
    settings = b"".join(
        message(b"S", f"{name}\0{value}\0".encode())
        for name, value in (("server_version", version), ("client_encoding", "UTF8"))
    )
    welcome = message(b"R", struct.pack("!i", 0)) + settings + message(b"Z", b"I")

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection = listener.accept()[0]
                with connection:
                    asked = connection.recv(1024)
                    if len(asked) == 8:  # whether it speaks TLS
                        connection.sendall(b"N")
                        connection.recv(1024)
                    connection.sendall(welcome)
                    connection.recv(1024)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"postgresql://me@127.0.0.1:{listener.getsockname()[1]}/db"
        listener.shutdown(socket.SHUT_RDWR)


def message(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("!i", len(content) + 4) + content


def test_a_file_is_named_by_its_path_or_as_sqlalchemy_does(cli: Cli) -> None:
    cli.write("says.yaml", SAYS)
    for url in ("one.db", "sqlite:///two.db", f"sqlite:///{cli.directory}/three.db"):
        assert cli.run("run", "says.yaml", "--quiet", "--store", url).code == 0
        assert len(cli.run("executions", "--json", "--store", url).json) == 1
    assert {file.name for file in Path(cli.directory).glob("*.db")} == {"one.db", "two.db", "three.db"}
