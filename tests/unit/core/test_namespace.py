"""namespace: files that all flows of a namespace share."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tiercel.envelope import Result
from tiercel.plugin import BasePlugin, State
from tiercel.testing import MemoryServices, run_plugin
from tiercel_core.namespace import DeleteFiles, DownloadFiles, PurgeFiles, UploadFiles

ROOT = "kestra:///company/team/_files"


@pytest.fixture
def services() -> Iterator[MemoryServices]:
    with MemoryServices() as found:
        yield found


def play(
    services: MemoryServices, plugin: type[BasePlugin[Any, Any]], directory: Path | None = None, **params: Any
) -> Result:
    given = params if plugin is PurgeFiles else {"namespace": "company.team", **params}
    return run_plugin(plugin, given, services=services, directory=directory, namespace="company.team")


def files_of(result: Result) -> Any:
    assert result.state is State.SUCCESS, result.error
    return result.data["files"]


def error_of(result: Result) -> str:
    assert result.state is State.FAILED
    assert result.error is not None
    return result.error.message


def seed(services: MemoryServices, *paths: str, root: str = ROOT) -> None:
    for path in paths:
        services.storage.put(f"{root}/{path}", path.encode())


def test_files_of_the_directory_and_of_storage_are_uploaded(services: MemoryServices, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.txt").write_text("a")
    (tmp_path / "b.csv").write_text("b")
    stored = services.storage.put("kestra:///company/team/f/executions/e/tasks/t/r/x", b"x")
    written = files_of(
        play(
            services,
            UploadFiles,
            tmp_path,
            files=["out/**", "glob:*.csv"],
            filesMap=json.dumps({"c.bin": stored, "d.txt": "text", "e.json": {"n": 1}}),
            destination="/to/",
        )
    )
    assert written == {
        path: f"{ROOT}/to/{path}" for path in ("b.csv", "out/a.txt", "c.bin", "d.txt", "e.json")
    }
    contents = [services.storage.read(None, uri) for uri in written.values()]
    assert contents == [b"b", b"a", b"x", b"text", b'{"n": 1}']


@pytest.mark.parametrize(
    ("conflict", "content"), [("OVERWRITE", b"new"), ("SKIP", b"a.txt"), ("ERROR", b"a.txt")]
)
def test_what_happens_to_a_file_that_is_there_may_be_said(
    services: MemoryServices, conflict: str, content: bytes
) -> None:
    seed(services, "a.txt")
    result = play(services, UploadFiles, filesMap={"a.txt": "new"}, conflict=conflict)
    assert (result.state is State.FAILED) == (conflict == "ERROR")
    assert services.storage.read(None, f"{ROOT}/a.txt") == content


@pytest.mark.parametrize(
    "params",
    [
        {"filesMap": {"../x": "y"}},
        {"filesMap": {"a": "y"}, "destination": "../.."},
        {"filesMap": {"a": "y"}, "namespace": "other"},
        {"filesMap": {"a": "kestra:///other/_files/secret"}},
        {"files": ["../*"]},
        {"filesMap": "no map"},
    ],
)
def test_nothing_leaves_the_namespace(services: MemoryServices, params: dict[str, Any]) -> None:
    services.storage.put("kestra:///other/_files/secret", b"x")
    assert error_of(play(services, UploadFiles, **params))
    assert services.storage.namespaces("company") == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ("a.sql", ["a.sql"]),
        ("/sub/b.sql", ["sub/b.sql"]),
        ("**/*.sql", ["a.sql", "sub/b.sql"]),
        (["*.csv", "a.*"], ["a.sql", "c.csv"]),
        ('["c.csv"]', ["c.csv"]),
        ("nothing", []),
    ],
)
def test_files_are_copied_to_the_execution(
    services: MemoryServices, files: str | list[str], expected: list[str]
) -> None:
    seed(services, "a.sql", "sub/b.sql", "c.csv")
    copies = files_of(play(services, DownloadFiles, files=files, destination="to"))
    assert sorted(copies) == expected
    for path, uri in copies.items():
        assert uri.endswith(f"/to/{path}")
        assert services.storage.read(None, uri) == path.encode()


def test_files_are_removed(services: MemoryServices) -> None:
    seed(services, "a.sql", "sub/b.sql")
    assert list(files_of(play(services, DeleteFiles, files="**.sql"))) == ["a.sql", "sub/b.sql"]
    assert services.storage.namespaces("company") == []
    assert "may not be reached" in error_of(play(services, DeleteFiles, namespace="other", files="*"))


@pytest.mark.parametrize(
    ("params", "removed"),
    [
        ({}, 0),
        ({"behavior": {"before": "2000-01-01"}}, 0),
        ({"behavior": {"before": "2999-01-01"}}, 3),
        ({"behavior": {"keepAmount": 0}, "includeChildNamespaces": False}, 2),
        ({"behavior": {"keepAmount": 0}, "filePattern": "*.tmp"}, 2),
        ({"behavior": {"keepAmount": 0}, "namespacePattern": "*.sub"}, 1),
        ({"behavior": {"keepAmount": 1}}, 0),
    ],
)
def test_a_purge_is_about_this_namespace_and_those_below(
    services: MemoryServices, params: dict[str, Any], removed: int
) -> None:
    seed(services, "a.tmp", "a.txt")
    seed(services, "b.tmp", root="kestra:///company/team/sub/_files")
    seed(services, "c.tmp", root="kestra:///company/_files")
    seed(services, "c.tmp", root="kestra:///company/team/f/executions/e/tasks/t/r")
    assert play(services, PurgeFiles, **params).data == {"size": removed}
    assert services.storage.exists(None, "kestra:///company/_files/c.tmp")


def test_a_purge_of_another_namespace_is_refused(services: MemoryServices) -> None:
    assert "'company'" in error_of(play(services, PurgeFiles, namespaces=["company"]))
    both = play(services, PurgeFiles, namespaces=["company.team"], namespacePattern="*")
    assert "exclude each other" in error_of(both)
    seed(services, "a")
    bad = play(services, PurgeFiles, behavior={"before": "yesterday"})
    assert "no date" in error_of(bad)
