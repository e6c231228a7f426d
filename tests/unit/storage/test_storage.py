"""Internal storage: names, contents, and who may touch them."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.envelope import RunContext
from tiercel.errors import TaskFailed, TiercelError
from tiercel.storage import UNCHECKED, Storage
from tiercel.storage.uris import Execution, Owner, execution_key, key_of, namespace_file_key, owner_of, uri_of

RUN = RunContext(
    namespace="company.team", flow_id="flow", execution_id="e1", task_id="task", task_run_id="t1"
)
OWN = "kestra:///company/team/flow/executions/e1/tasks/task/t1"


@pytest.fixture(params=["memory", "local"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return Storage("memory://" if request.param == "memory" else str(tmp_path / "storage"))


def run_of(own: str, **trigger: str) -> RunContext:
    """Make another execution, in the namespace `own`."""
    variables = {"trigger": trigger} if trigger else {}
    return RunContext(namespace=own, flow_id="other", execution_id="e2", variables=variables)


def test_a_file_is_uploaded_below_its_task_run_and_read_back(storage: Storage, tmp_path: Path) -> None:
    source = tmp_path / "my data.csv"
    source.write_bytes(b"a,b\n1,2\n")
    uri = storage.upload(RUN, source)
    assert uri == f"{OWN}/my%20data.csv"
    assert storage.read(RUN, uri) == b"a,b\n1,2\n"
    assert storage.size(RUN, uri) == 8
    assert storage.download(RUN, uri, tmp_path / "..").name == "my data.csv"


@given(st.text(st.characters(codec="utf-8", exclude_characters="/\\\0"), min_size=1, max_size=30))
def test_any_file_name_survives_the_way_to_a_uri_and_back(name: str) -> None:
    if name in (".", ".."):
        return
    key = f"a/flow/executions/e/{name}"
    assert key_of(uri_of(key)) == key


def test_a_name_may_have_directories_and_bytes_need_no_name(storage: Storage) -> None:
    assert storage.upload(RUN, b"x", "out/a/b.txt") == f"{OWN}/out/a/b.txt"
    assert storage.upload(RUN, b"y") == f"{OWN}/data"


@pytest.mark.parametrize("name", ["../x", "a/../../b", "/abs", "a\\b", "a\0"])
def test_a_name_that_climbs_is_refused(storage: Storage, name: str) -> None:
    with pytest.raises(TaskFailed):
        storage.upload(RUN, b"x", name)


@pytest.mark.parametrize(
    "uri",
    [
        "kestra:///company/team/%2e%2e/%2e%2e/other/_files/x",
        "kestra:///../x",
        "kestra:////etc/x",
        "file:///x",
    ],
)
def test_a_uri_that_climbs_is_refused(storage: Storage, uri: str) -> None:
    with pytest.raises(TaskFailed):
        storage.read(RUN, uri)


def test_a_file_that_is_not_there_is_a_sentence(storage: Storage) -> None:
    with pytest.raises(TaskFailed, match="internal storage has no such file"):
        storage.read(RUN, f"{OWN}/missing")
    assert storage.exists(RUN, f"{OWN}/missing") is False
    assert storage.delete(RUN, f"{OWN}/missing") is False
    with pytest.raises(TaskFailed, match="it does not exist"):
        storage.upload(RUN, Path("/no/such/file"))


def test_lines_are_read_as_they_come(storage: Storage) -> None:
    uri = storage.upload(RUN, b"one\ntwo\n" * 1000, "lines")
    with storage.open(RUN, uri) as source:
        assert [source.readline(), source.readline()] == [b"one\n", b"two\n"]
        assert sum(1 for _ in source) == 1998


def test_files_are_listed_below_a_uri(storage: Storage) -> None:
    for name in ("b", "a/c"):
        storage.upload(RUN, b"xy", name)
    assert [(file.uri, file.size_bytes) for file in storage.list(RUN, OWN)] == [
        (f"{OWN}/a/c", 2),
        (f"{OWN}/b", 2),
    ]


@pytest.mark.parametrize(
    ("uri", "reader", "allowed"),
    [
        (f"{OWN}/x", run_of("company.team"), True),  # another execution of the namespace
        (f"{OWN}/x", run_of("company"), False),
        (f"{OWN}/x", run_of("company.team.sub"), False),
        (f"{OWN}/x", run_of("foreign"), False),
        (f"{OWN}/x", run_of("foreign", namespace="company.team", flowId="flow", executionId="e1"), True),
        (f"{OWN}/x", run_of("foreign", namespace="company.team", flowId="flow", executionId="e9"), False),
        (f"{OWN}/x", run_of("foreign", flowId="flow", executionId="e1"), False),
        ("kestra:///company/_files/x", run_of("company.team"), True),
        ("kestra:///company/team/_files/x", run_of("company"), False),
        ("kestra:///companyx/_files/x", run_of("company"), False),
    ],
)
def test_who_may_read_what(storage: Storage, uri: str, reader: RunContext, allowed: bool) -> None:
    storage.put(uri, b"content")
    if allowed:
        assert storage.read(reader, uri) == b"content"
    else:
        with pytest.raises(TaskFailed, match="Unable to read the file"):
            storage.read(reader, uri)
    assert storage.read(UNCHECKED, uri) == b"content"


def test_a_task_changes_its_own_execution_and_namespace_only(storage: Storage) -> None:
    uri = storage.upload(RUN, b"x", "x")
    with pytest.raises(TaskFailed, match="Unable to change"):
        storage.delete(run_of("company.team"), uri)
    with pytest.raises(TaskFailed, match="Unable to change"):
        storage.write(RUN, "kestra:///company/_files/x", b"x")
    assert storage.write(RUN, "kestra:///company/team/_files/x", b"x") == "kestra:///company/team/_files/x"
    assert storage.delete(RUN, uri) is True


@pytest.mark.parametrize(
    ("key", "owner"),
    [
        ("a/b/_files/executions/x", Owner("a.b")),
        ("a/f/executions/e/tasks/_files/x", Owner("a", Execution("a", "f", "e"))),
        ("a/f/executions/e", Owner("a", Execution("a", "f", "e"))),
        ("_files/x", None),
        ("a/executions/x/y", None),
        ("a/_kv/x", None),
    ],
)
def test_a_key_tells_its_owner(key: str, owner: Owner | None) -> None:
    assert owner_of(key) == owner


def test_names_are_built_from_their_parts() -> None:
    assert (
        execution_key(Execution("a.b", "f", "e"), "inputs", "i", "x.csv")
        == "a/b/f/executions/e/inputs/i/x.csv"
    )
    assert namespace_file_key("a.b", "/dir/x") == "a/b/_files/dir/x"


def test_an_unknown_store_is_a_sentence() -> None:
    with pytest.raises(TiercelError, match="begins with 'nonsense://'"):
        Storage("nonsense://x").read(UNCHECKED, f"{OWN}/x")


@given(st.text(st.sampled_from("a./\\%2e \0~é:*?"), max_size=12) | st.text(max_size=12))
def test_whatever_a_file_is_called_it_stays_below_its_task_run(name: str) -> None:
    with tempfile.TemporaryDirectory() as root:
        storage = Storage(f"{root}/storage")
        try:
            uri = storage.upload(RUN, b"x", name or None)
        except TiercelError:
            uri = None
        files = [path for path in Path(root).rglob("*") if path.is_file()]
        assert len(files) == (0 if uri is None else 1)
        assert all(path.is_relative_to(Path(root, "storage", key_of(OWN))) for path in files)
        if uri is not None:
            assert storage.read(RUN, uri) == b"x"
            assert storage.list(RUN, OWN)


PLACES = ("", "company/", "company/team/", "company/team/_files/", "company/team/flow/executions/e1/")


@given(st.sampled_from(PLACES), st.text(st.sampled_from("/._%2efilesexecutionsabc\\\0"), max_size=40))
def test_whatever_uri_is_written_it_stays_within_the_namespace(place: str, path: str) -> None:
    storage = Storage("memory://")
    try:
        uri = storage.write(RUN, f"kestra:///{place}{path}", b"x")
    except TiercelError:
        return
    owner = owner_of(key_of(uri))
    assert owner is not None and owner.namespace == RUN.namespace
