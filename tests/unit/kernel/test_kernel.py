"""The kernel: what follows from what, over every kind of scope."""

from datetime import timedelta

from tests.unit.kernel.driver import LOG, Driver, flowable, task
from tiercel.flows.models import Flow, Output, Retry, Task
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.events import Answered, Due, Ended, KillRequested, Started
from tiercel_orchestrator.kernel.rows import TaskRun


def flow(*tasks: Task, **rest: object) -> Flow:
    return Flow(id="f", namespace="n", tasks=tasks, **rest)  # type: ignore[arg-type]


def failing(*ids: str, times: int | None = None) -> object:
    def outcome(run: TaskRun) -> str:
        fails = run.task_id in ids and (times is None or run.attempt <= times)
        return states.FAILED if fails else states.SUCCESS

    return outcome


def drive(a_flow: Flow, outcome: object = None, **rest: object) -> Driver:
    if outcome is not None:
        rest["outcome"] = outcome
    return Driver(a_flow, **rest).run()  # type: ignore[arg-type]


def test_tasks_of_a_flow_run_one_after_another() -> None:
    driven = drive(flow(task("a"), task("b"), task("c")))
    assert driven.order == ["a", "b", "c"]
    assert driven.most_at_once == 1
    assert driven.execution.state == states.SUCCESS


def test_a_failure_ends_the_sequence_and_the_execution() -> None:
    driven = drive(flow(task("a"), task("b")), failing("a"))
    assert driven.states == {"a": "FAILED"}
    assert driven.execution.state == states.FAILED


def test_a_disabled_task_has_no_run() -> None:
    assert drive(flow(task("a", disabled=True), task("b"))).order == ["b"]


def test_the_children_of_a_parallel_run_at_once() -> None:
    driven = drive(flow(flowable("p", "Parallel", task("a"), task("b"), task("c"))))
    assert driven.most_at_once == 3
    assert driven.states["p"] == states.SUCCESS


def test_a_parallel_runs_no_more_than_it_is_told() -> None:
    children = [task(f"t{number}") for number in range(7)]
    driven = drive(flow(flowable("p", "Parallel", *children, params={"concurrent": 2})))
    assert driven.most_at_once == 2
    assert len(driven.states) == 8


def test_a_dag_starts_a_task_when_all_it_depends_on_has_ended() -> None:
    graph = flowable(
        "dag", "Dag", task("c"), task("a"), task("b"), params={"dependsOn": {"c": ["a", "b"], "b": ["a"]}}
    )
    assert drive(flow(graph)).order == ["dag", "a", "b", "c"]


def test_an_if_runs_its_branch() -> None:
    condition = Task(
        id="if",
        type="io.kestra.plugin.core.flow.If",
        properties={"condition": "{{ inputs.ok }}"},
        params={"condition": "{{ inputs.ok }}"},
        blocks={"then": (task("yes"),), "else": (task("no"),)},
    )
    assert drive(flow(condition), variables={"inputs": {"ok": True}}).order == ["if", "yes"]
    assert drive(flow(condition), variables={"inputs": {"ok": "false"}}).order == ["if", "no"]


def test_a_for_each_runs_its_block_once_per_value_in_order() -> None:
    driven = drive(flow(flowable("each", "ForEach", task("a"), task("b"), params={"values": ["x", "y"]})))
    assert driven.order == ["each", "a", "b", "a", "b"]
    assert driven.most_at_once == 1
    assert driven.states["a[y]"] == states.SUCCESS


def test_a_for_each_admits_as_many_values_as_its_limit_says() -> None:
    values = [str(number) for number in range(9)]
    each = flowable("each", "ForEach", task("a"), params={"values": values, "concurrencyLimit": 3})
    driven = drive(flow(each))
    assert driven.most_at_once == 3
    assert len(driven.runs) == 11


def test_a_nested_run_knows_the_values_above_it() -> None:
    inner = flowable("inner", "ForEach", task("leaf"), params={"values": ["1"]})
    driven = drive(flow(flowable("outer", "ForEach", inner, params={"values": ["x"]})))
    leaf = next(run for run in driven.runs.values() if run.task_id == "leaf")
    assert leaf.path == ("x", "1")


def test_an_each_over_nothing_succeeds() -> None:
    assert drive(flow(flowable("each", "ForEach", task("a"), params={"values": []}))).states == {
        "each": "SUCCESS"
    }


def test_local_errors_run_and_the_failure_goes_on_up() -> None:
    inner = flowable("seq", "Sequential", task("ko"), task("never"), blocks={"errors": (task("local"),)})
    driven = drive(flow(inner, task("never too"), errors=(task("global"),)), failing("ko"))
    assert driven.order == ["seq", "ko", "local", "global"]
    assert driven.states["seq"] == states.FAILED
    assert driven.execution.state == states.FAILED


def test_finally_runs_whatever_happened() -> None:
    for outcome in (failing(), failing("a")):
        driven = drive(flow(task("a"), errors=(task("e"),), finally_=(task("z"),)), outcome)
        assert driven.order[-1] == "z"


def test_what_comes_after_the_execution_sees_its_last_state() -> None:
    driven = drive(flow(task("a"), after_execution=(task("later"),)), failing("a"))
    assert driven.order == ["a", "later"]
    assert driven.execution.state == states.FAILED
    ended = next(at for state, at in driven.execution.history if state == states.FAILED)
    later = next(run for run in driven.runs.values() if run.task_id == "later")
    assert later.history[0][1] >= ended


def test_allow_failure_makes_a_failure_a_warning_and_goes_on() -> None:
    driven = drive(flow(task("a", allow_failure=True), task("b")), failing("a"))
    assert driven.states == {"a": "WARNING", "b": "SUCCESS"}
    assert driven.execution.state == states.WARNING


def test_allow_failure_with_allow_warning_succeeds() -> None:
    driven = drive(flow(task("a", allow_failure=True, allow_warning=True)), failing("a"))
    assert driven.execution.state == states.SUCCESS


def test_an_allow_failure_scope_keeps_its_childs_failure_to_itself() -> None:
    driven = drive(
        flow(flowable("allow", "AllowFailure", task("a")), task("b"), errors=(task("e"),)), failing("a")
    )
    assert driven.states == {"allow": "WARNING", "a": "FAILED", "b": "SUCCESS"}


def test_a_retry_adds_attempts_to_the_same_run() -> None:
    retry = Retry("constant", timedelta(seconds=1), max_attempts=3)
    driven = drive(flow(task("a", retry=retry)), failing("a", times=2))
    run = next(run for run in driven.runs.values() if run.task_id == "a")
    assert [attempt.state for attempt in run.attempts] == ["FAILED", "FAILED", "SUCCESS"]
    assert driven.execution.state == states.SUCCESS


def test_a_retry_that_is_used_up_fails() -> None:
    retry = Retry("constant", timedelta(seconds=1), max_attempts=3)
    driven = drive(flow(task("a", retry=retry)), failing("a"))
    assert len(next(run for run in driven.runs.values() if run.task_id == "a").attempts) == 3
    assert driven.execution.state == states.FAILED


def test_a_success_after_a_retry_may_be_a_warning() -> None:
    retry = Retry("constant", timedelta(seconds=1), max_attempts=3, warning_on_retry=True)
    assert drive(flow(task("a", retry=retry)), failing("a", times=1)).execution.state == states.WARNING


def test_a_scopes_retry_is_its_childrens() -> None:
    retry = Retry("constant", timedelta(seconds=1), max_attempts=2)
    driven = drive(flow(flowable("seq", "Sequential", task("a"), retry=retry)), failing("a", times=1))
    assert len(next(run for run in driven.runs.values() if run.task_id == "a").attempts) == 2
    assert driven.execution.state == states.SUCCESS


def test_a_run_if_that_is_false_skips_and_goes_on() -> None:
    driven = drive(flow(task("a", run_if="{{ false }}"), task("b")))
    assert driven.states == {"a": "SKIPPED", "b": "SUCCESS"}
    assert driven.execution.state == states.SUCCESS


def test_a_late_result_of_an_earlier_attempt_is_ignored() -> None:
    retry = Retry("constant", timedelta(seconds=1), max_attempts=2)
    driver = Driver(flow(task("a", retry=retry)))
    driver.feed(Started("root"))
    run = next(run for run in driver.runs.values() if run.task_id == "a")
    driver.possible()
    assert driver.feed(Ended(run.id, 1, states.FAILED))
    driver.possible()
    assert not driver.feed(Ended(run.id, 1, states.SUCCESS))
    assert driver.feed(Ended(run.id, 2, states.SUCCESS))
    assert not driver.feed(Ended(run.id, 2, states.FAILED))
    assert driver.execution.state == states.SUCCESS


def test_a_late_answer_to_an_earlier_question_is_ignored() -> None:
    loop = flowable("loop", "LoopUntil", task("a"), params={"condition": "{{ false }}"}, run_if="{{ true }}")
    driver = Driver(flow(loop))
    driver.feed(Started("root"))
    run = next(run for run in driver.runs.values() if run.task_id == "loop")
    driver.possible()
    first = Answered(run.id, run.lease, {"runIf": "true", "condition": "true"})
    assert driver.feed(first)
    for event in driver.possible():
        driver.feed(event)
    driver.possible()
    assert driver.runs[run.id].request == "condition"
    assert not driver.feed(first)


def test_a_kill_ends_all_that_lives_and_nothing_more_happens() -> None:
    driver = Driver(flow(flowable("p", "Parallel", task("a"), task("b")), errors=(task("e"),)))
    driver.feed(Started("root"))
    driver.feed(KillRequested("root"))
    assert set(driver.states.values()) == {states.KILLED}
    assert driver.execution.state == states.KILLED
    assert driver.possible() == []


def test_the_outputs_of_a_flow_are_asked_for_at_its_end() -> None:
    driven = drive(flow(task("a"), outputs=(Output("answer", "42"),)))
    assert driven.execution.outputs == {"answer": "42"}


def test_a_pause_waits_and_goes_on() -> None:
    driver = Driver(flow(flowable("p", "Pause", params={"pauseDuration": "PT1S"}), task("b")))
    driver.feed(Started("root"))
    assert driver.execution.state == states.PAUSED
    pause = next(run for run in driver.runs.values() if run.task_id == "p")
    driver.feed(Due(pause.id))
    driver.run()
    assert driver.states == {"p": "SUCCESS", "b": "SUCCESS"}


def test_a_loop_replaces_its_childrens_runs_at_each_turn() -> None:
    loop = flowable(
        "loop",
        "LoopUntil",
        task("a"),
        params={
            "condition": "{{ outputs.loop.iterationCount >= 3 }}",
            "checkFrequency": {"interval": "PT0S"},
        },
    )
    driven = drive(flow(loop))
    run = next(run for run in driven.runs.values() if run.task_id == "loop")
    assert run.outputs == {"iterationCount": 3}
    assert driven.order.count("a") == 1


def test_a_switch_without_a_case_for_its_value_fails_with_a_sentence() -> None:
    switch = Task(
        id="s",
        type="io.kestra.plugin.core.flow.Switch",
        properties={"value": "z"},
        params={"value": "z"},
        blocks={"cases.x": (task("a"),)},
    )
    driven = drive(flow(switch))
    assert driven.states == {"s": "FAILED"}
    assert "'z'" in driven.logs[0]


def test_ids_follow_from_what_they_name() -> None:
    first, second = drive(flow(task("a", LOG))), drive(flow(task("a", LOG)))
    assert list(first.runs) == list(second.runs)
