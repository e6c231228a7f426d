"""Trying again and restarting: what begins anew begins as it did at first, under a name of its own."""

from datetime import timedelta

from tests.unit.kernel.driver import Driver, Outcome, flowable, task
from tiercel.flows.models import Flow, Retry, Task
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.events import Answered, Ended, KillRequested, RestartRequested, Started
from tiercel_orchestrator.kernel.rows import TaskRun

TWICE = Retry("constant", timedelta(seconds=1), max_attempts=2)
LOOP = {"condition": "{{ false }}", "checkFrequency": {"maxIterations": 1, "interval": "PT1S"}}


def flow(*tasks: Task, **rest: object) -> Flow:
    return Flow(id="f", namespace="n", tasks=tasks, **rest)  # type: ignore[arg-type]


def failing(*ids: str) -> Outcome:
    return lambda run: states.FAILED if run.task_id in ids else states.SUCCESS


def run_of(driver: Driver, task_id: str) -> TaskRun:
    return next(run for run in driver.runs.values() if run.task_id == task_id)


def test_a_condition_that_could_not_be_evaluated_is_evaluated_again_by_a_retry() -> None:
    driver = Driver(flow(task("a", run_if="{{ now_and_then }}", retry=TWICE)))
    driver.feed(Started("root"))
    run = run_of(driver, "a")
    run.work, run.lease = "leased", 1
    driver.feed(Answered(run.id, 1, {}, "not now"))
    run = run_of(driver, "a")
    assert (run.state, run.work, run.request) == (states.RETRYING, "request", "runIf")
    run.work, run.lease = "leased", 2
    driver.feed(Answered(run.id, 2, {"runIf": "false"}))
    assert run_of(driver, "a").state == states.SKIPPED


def test_a_condition_that_could_not_be_evaluated_is_evaluated_again_by_a_restart() -> None:
    driver = Driver(flow(task("a", run_if="{{ now_and_then }}")))
    driver.feed(Started("root"))
    run = run_of(driver, "a")
    run.work, run.lease = "leased", 1
    driver.feed(Answered(run.id, 1, {}, "not now"))
    assert driver.execution.state == states.FAILED
    driver.feed(RestartRequested("root"))
    driver.feed(next(event for event in driver.possible() if event.run_id == "root"))
    assert run_of(driver, "a").request == "runIf"


def test_a_loop_at_its_maximum_is_tried_again_as_a_whole() -> None:
    loop = flowable(
        "loop",
        "LoopUntil",
        task("a"),
        params={**LOOP, "failOnMaxReached": True},
        blocks={"errors": (task("e"),)},
        retry=TWICE,
    )
    driven = Driver(flow(loop)).run()
    assert driven.execution.state == states.FAILED
    assert len(run_of(driven, "loop").attempts) == 2
    assert run_of(driven, "loop").frame.iteration == 1  # type: ignore[union-attr]


def test_a_scope_that_failed_by_itself_runs_again_as_a_whole_even_if_its_finally_failed_too() -> None:
    loop = flowable(
        "loop",
        "LoopUntil",
        task("a"),
        params={**LOOP, "failOnMaxReached": True},
        blocks={"finally": (task("f"),)},
    )
    driven = Driver(flow(loop), outcome=failing("f")).run()
    driven.feed(RestartRequested("root"))
    driven.outcome = failing()
    driven.run()
    assert len(run_of(driven, "loop").attempts) == 2
    assert driven.states == {"loop": "FAILED", "a": "SUCCESS", "f": "SUCCESS"}


def test_a_warning_of_a_pauses_own_outlives_a_restart() -> None:
    pause = flowable("p", "Pause", task("a"), params={"pauseDuration": "PT1S", "behavior": "WARN"})
    driven = Driver(flow(pause), outcome=failing("a")).run()
    driven.feed(RestartRequested("root"))
    driven.outcome = failing()
    assert driven.run().states == {"p": "WARNING", "a": "SUCCESS"}


def test_what_comes_after_an_execution_comes_again_where_it_failed() -> None:
    driven = Driver(flow(task("a"), after_execution=(task("z"),)), outcome=failing("z")).run()
    assert driven.execution.state == states.SUCCESS
    driven.feed(RestartRequested("root"))
    driven.outcome = failing()
    driven.run()
    assert driven.execution.state == states.SUCCESS
    assert driven.runs["root"].ended
    assert driven.states == {"a": "SUCCESS", "z": "SUCCESS"}


def test_a_result_from_before_a_restart_is_no_result_of_the_run_in_its_place() -> None:
    broken = flowable("w", "WorkingDirectory", task("a"))
    driver = Driver(flow(broken))
    driver.feed(Started("root"))
    driver.feed(driver.possible()[0])  # the directory is open
    driver.possible()
    before = run_of(driver, "a")
    assert before.work == "leased"
    driver.feed(KillRequested("root"))
    driver.feed(RestartRequested("root"))
    while "a" not in driver.states:
        driver.feed(driver.possible()[0])
    driver.possible()
    after = run_of(driver, "a")
    assert (after.work, after.lease) == ("leased", before.lease)
    driver.feed(Ended(before.id, before.lease, states.FAILED))
    assert run_of(driver, "a").work == "leased"


def wide(**rest: object) -> Task:
    values = [str(number) for number in range(70)]
    params = {"values": values, "concurrencyLimit": 0}
    return flowable("each", "ForEach", task("a"), params=params, **rest)


def test_a_wide_each_is_tried_again_to_its_end_where_some_of_its_shards_have_nothing_left_to_do() -> None:
    def outcome(run: TaskRun) -> str:
        return states.FAILED if run.value == "3" and run.attempt == 1 else states.SUCCESS

    each = wide(blocks={"errors": (task("e"),)}, retry=TWICE)
    driven = Driver(flow(each), outcome=outcome).run()
    assert driven.execution.state == states.SUCCESS
    assert driven.runs["root"].ended


def test_values_of_a_wide_each_that_have_ended_well_do_not_run_again_though_their_shard_was_killed() -> None:
    driven = Driver(flow(wide()), outcome=lambda run: "FAILED" if run.value == "3" else "SUCCESS").run()
    before = {run.value: run.id for run in driven.runs.values() if run.task_id == "a" and run.shown}
    for event in (RestartRequested("root"), KillRequested("root"), RestartRequested("root")):
        driven.feed(event)
    driven.outcome = failing()
    driven.run()
    after = {run.value: run.id for run in driven.runs.values() if run.task_id == "a" and run.shown}
    assert driven.execution.state == states.SUCCESS
    assert after == before
