"""What stands beside executions in every store: their logs, templates, and what triggers remember."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.store.test_store import NOW, a_flow, claim, start
from tests.unit.kernel.driver import task
from tiercel.clock import timestamp
from tiercel.operations import FoundLog, LogQuery
from tiercel.plugin import LogLine
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.events import Ended
from tiercel_orchestrator.store.port import Report
from tiercel_orchestrator.store.store import SqlStore

LATER = NOW + timedelta(hours=1)
LINES = [
    LogLine(timestamp(NOW), "INFO", "first"),
    LogLine(timestamp(NOW), "ERROR", "second"),
    LogLine(timestamp(LATER), "INFO", "third"),
]


def with_logs(store: SqlStore) -> None:
    """Run one task that says three things."""
    deciding = start(store, a_flow(task("a")))
    (run,) = claim(store)
    store.finish([Report(Ended(run.id, run.lease, states.SUCCESS), LINES)], deciding, NOW)


def line_of(found: FoundLog) -> LogLine:
    return LogLine(found.timestamp, found.level, found.message)


def messages(store: SqlStore, wanted: LogQuery) -> list[str]:
    return [found.message for found in store.find_logs(wanted, 0, 100)]


def test_logs_are_found_by_place_level_task_and_time(store: SqlStore) -> None:
    with_logs(store)
    assert messages(store, LogQuery()) == ["first", "second", "third"]
    assert messages(store, LogQuery(namespace="n", flow_id="f", execution_id="e")) == [
        "first",
        "second",
        "third",
    ]
    assert messages(store, LogQuery(levels=("ERROR", "WARN"))) == ["second"]
    assert messages(store, LogQuery(task_ids=("a",), start=LATER)) == ["third"]
    assert messages(store, LogQuery(end=LATER)) == ["first", "second"]
    for nothing in (
        LogQuery(namespace="m", below=True),
        LogQuery(flow_id="g"),
        LogQuery(execution_id="x"),
        LogQuery(task_ids=("b",)),
    ):
        assert messages(store, nothing) == []


def test_logs_are_found_a_page_at_a_time(store: SqlStore) -> None:
    with_logs(store)
    (first,) = store.find_logs(LogQuery(), 0, 1)
    assert line_of(first) == LINES[0]
    assert [line_of(found) for found in store.find_logs(LogQuery(), first.position, 9)] == LINES[1:]


def test_only_the_logs_that_are_meant_are_purged(store: SqlStore) -> None:
    with_logs(store)
    assert store.purge_logs(LogQuery(namespace="m")) == 0
    assert store.purge_logs(LogQuery(namespace="n", levels=("INFO",), end=LATER)) == 1
    assert messages(store, LogQuery()) == ["second", "third"]


def test_a_template_is_given_as_it_was_at_a_moment(store: SqlStore) -> None:
    store.put_template("n", "t", "old", NOW)
    store.put_template("n", "t", "new", LATER)
    assert store.template_source("n", "t", timestamp(NOW - timedelta(seconds=1))) is None
    assert store.template_source("n", "t", timestamp(NOW)) == "old"
    assert store.template_source("n", "t", timestamp(LATER)) == "new"
    assert store.template_source("m", "t", timestamp(LATER)) is None


def test_what_a_trigger_remembers_is_changed_in_one_go(store: SqlStore) -> None:
    def count(memory: Mapping[str, Any] | None) -> tuple[Mapping[str, Any], int]:
        number = (memory or {}).get("number", 0) + 1
        return {"number": number}, number

    assert [store.change_trigger("n", "f", name, count) for name in ("a", "a", "b", "a")] == [1, 2, 1, 3]


def test_flows_that_may_listen_are_named_in_their_latest_revision(store: SqlStore) -> None:
    listens = "triggers: [{type: io.kestra.plugin.core.trigger.Flow}]"
    store.put_flow("n", "deaf", "tasks: []", NOW)
    store.put_flow("n", "listens", "tasks: []", NOW)
    store.put_flow("n", "listens", listens, NOW)
    store.put_flow("n", "no longer", listens, NOW)
    store.put_flow("n", "no longer", "tasks: []", NOW)
    assert store.listening_flows() == [("n", "listens", 2)]


def test_a_trigger_is_switched_off_and_on_beside_what_it_remembers(store: SqlStore) -> None:
    store.change_trigger("n", "f", "a", lambda memory: ({"seen": 1}, None))
    for name in ("a", "b"):
        store.switch_trigger("n", "f", name, enabled=False)
    assert store.switched_off("n", "f") == {"a", "b"}
    assert store.switched_off("n", "other") == frozenset()
    store.change_trigger("n", "f", "b", lambda memory: ({"seen": 2}, None))
    store.switch_trigger("n", "f", "a", enabled=True)
    assert store.switched_off("n", "f") == {"b"}
    assert store.change_trigger("n", "f", "a", lambda memory: (memory or {}, memory)) == {"seen": 1}
