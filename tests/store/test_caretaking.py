"""What tasks may ask of a store: which executions there are, and that what belongs to one goes."""

from tests.store.test_store import NOW, a_flow, claim, start
from tests.unit.kernel.driver import task
from tiercel.envelope import Metric
from tiercel.operations import ExecutionQuery
from tiercel.plugin import LogLine
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.events import Ended
from tiercel_orchestrator.store.port import Report
from tiercel_orchestrator.store.store import SqlStore

LINE = LogLine("2024-01-01T00:00:00.000Z", "INFO", "hi")


def with_an_execution(store: SqlStore) -> None:
    """Run one task that says something and measures something."""
    deciding = start(store, a_flow(task("a")))
    (run,) = claim(store)
    report = Report(Ended(run.id, run.lease, states.SUCCESS), [LINE], [Metric(name="m", value=1)])
    store.finish([report], deciding, NOW)


def found(store: SqlStore, wanted: ExecutionQuery) -> list[str]:
    return [one.id for _, one in store.find_executions(wanted, 0, 100)]


def test_executions_are_found_by_place_and_state_a_page_at_a_time(store: SqlStore) -> None:
    with_an_execution(store)
    ((position, one),) = store.find_executions(ExecutionQuery(), 0, 1)
    assert (one.id, one.namespace, one.flow_id, one.state) == ("e", "n", "f", states.SUCCESS)
    assert one.started_at == NOW
    assert store.find_executions(ExecutionQuery(), position, 1) == []
    for wanted in (ExecutionQuery("n", "f"), ExecutionQuery(states=("FAILED", "SUCCESS"))):
        assert found(store, wanted) == ["e"]
    for wanted in (
        ExecutionQuery("m"),
        ExecutionQuery("m", below=True),
        ExecutionQuery(flow_id="g"),
        ExecutionQuery(states=("FAILED",)),
    ):
        assert found(store, wanted) == []


def test_the_log_and_the_metrics_of_one_execution_are_purged(store: SqlStore) -> None:
    with_an_execution(store)
    assert store.purge_rows("logs", "other") == 0
    assert (store.purge_rows("logs", "e"), store.purge_rows("metrics", "e")) == (1, 1)
    assert (store.logs("e"), store.metrics("e")) == ([], [])
