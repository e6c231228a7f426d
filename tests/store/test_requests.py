"""Executions that are asked for: each begins once, or is refused and stays."""

from datetime import timedelta

from tests.store.test_store import NOW, a_flow, start
from tests.unit.kernel.driver import task
from tiercel_orchestrator.store.port import Requested
from tiercel_orchestrator.store.store import SqlStore


def asked(execution_id: str, **rest: object) -> Requested:
    """Give a request as its asker writes it."""
    request = Requested(0, execution_id, "n", "f", None, {"name": "ü", "n": 1.5}, {"k": "v"}, NOW)
    return request if not rest else Requested(**{**_fields(request), **rest})  # type: ignore[arg-type]


def _fields(request: Requested) -> dict[str, object]:
    return {name: getattr(request, name) for name in Requested.__slots__}


def waiting(store: SqlStore, after: int = 0, limit: int = 10) -> list[str]:
    return [request.id for request in store.waiting_requests(after, limit)]


def test_a_request_comes_back_as_it_was_written(store: SqlStore) -> None:
    store.ask(asked("e", revision=3, asked_at=NOW + timedelta(microseconds=7)))
    (found,) = store.waiting_requests(0, 10)
    assert found == asked("e", revision=3, asked_at=NOW + timedelta(microseconds=7), position=found.position)
    assert store.request("e") == found
    assert store.request("f") is None


def test_requests_wait_in_their_order(store: SqlStore) -> None:
    for name in ("c", "a", "b"):
        store.ask(asked(name))
    assert waiting(store, limit=2) == ["c", "a"]
    assert waiting(store, after=store.waiting_requests(0, 10)[1].position) == ["b"]


def test_a_request_leaves_as_its_execution_comes_and_no_other(store: SqlStore) -> None:
    for name in ("a", "b"):
        store.ask(asked(name))
    start(store, a_flow(task("t")), "a")
    assert waiting(store) == ["b"]
    assert store.request("a") is None


def test_a_request_that_was_refused_stays_and_waits_no_longer(store: SqlStore) -> None:
    store.ask(asked("e"))
    store.refuse("e", "no such \0 flow")
    assert waiting(store) == []
    found = store.request("e")
    assert found is not None
    assert found.refusal == "no such \ufffd flow"


def test_a_store_has_a_key_of_its_own_for_wakes(store: SqlStore) -> None:
    key = store.setting("wake_key")
    assert key is not None
    assert len(key) == 64
    assert store.setting("wake_url") is None
