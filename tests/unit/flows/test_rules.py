"""What no schema says."""

import pytest

from tests.unit.flows.catalogs import CATALOG, FLOW, LOG
from tiercel.flows.reading import examine, problems_of


def problems(tasks: str, head: str = "") -> list[str]:
    source = f"id: f\nnamespace: n\n{head}tasks:\n{tasks}\n"
    return [str(problem) for problem in problems_of(source, CATALOG)]


def log(name: str) -> str:
    return f"{{id: {name}, type: {LOG}, message: x}}"


def test_ids_are_unique_over_all_blocks_and_their_lines_are_named() -> None:
    found = problems(
        f"- {log('a')}\n- {log('b')}\n- {{id: p, type: {FLOW}Parallel, tasks: [{log('a')}, {log('b')}]}}"
    )
    assert found == [
        "line 6, column 67: Invalid Flow: Duplicate task id with name [a, b] (lines 4, 5, 6, 6): "
        "give each its own"
    ]


def test_ids_of_triggers_and_inputs_are_unique_among_themselves() -> None:
    schedule = "{id: a, type: io.kestra.plugin.core.trigger.Schedule, cron: '@daily'}"
    head = f"triggers: [{schedule}, {schedule}]\ninputs: [{{id: i, type: INT}}, {{name: i, type: INT}}]\n"
    (found,) = problems(f"- {log('a')}", head)
    assert "Duplicate trigger id with name [a]" in found
    assert "Duplicate input with name [i]" in found


def test_a_flow_may_not_start_itself() -> None:
    (found,) = problems(f"- {{id: s, type: {FLOW}Subflow, namespace: n, flowId: f}}")
    assert "Recursive call to flow [n.f]: the task `s` starts the flow it belongs to" in found


@pytest.mark.parametrize("rest", ["", ", cases: {}, defaults: null", ", cases: {a: []}", ", defaults: []"])
def test_a_switch_needs_a_task_to_switch_to(rest: str) -> None:
    (found,) = problems(f"- {{id: s, type: {FLOW}Switch, value: x{rest}}}")
    assert "s: No task defined, neither cases or default have any tasks" in found


def test_a_working_directory_needs_tasks() -> None:
    (found,) = problems(f"- {{id: w, type: {FLOW}WorkingDirectory}}")
    assert "w: The 'tasks' property cannot be empty" in found


def test_a_working_directory_takes_no_flow_control() -> None:
    inner = f"{{id: s, type: {FLOW}Sequential, tasks: [{log('a')}]}}"
    (found,) = problems(f"- {{id: w, type: {FLOW}WorkingDirectory, tasks: [{inner}]}}")
    assert "w: Only runnable tasks are allowed as children of a WorkingDirectory task; move `s`" in found


def test_a_dag_needs_tasks() -> None:
    (found,) = problems(f"- {{id: d, type: {FLOW}Dag}}")
    assert "d: No task defined" in found


def test_a_dag_knows_the_tasks_it_depends_on() -> None:
    (found,) = problems(
        f"- id: d\n  type: {FLOW}Dag\n  tasks:\n  - task: {log('a')}\n    dependsOn:\n    - x\n"
        f"  - task: {log('b')}"
    )
    assert found.startswith("line 9, column 7: ")
    assert "d: Not existing task id in dependency: x; its tasks are a, b" in found


def test_a_dag_has_no_circle() -> None:
    tasks = (
        f"{{task: {log('a')}, dependsOn: [b]}}, {{task: {log('b')}, dependsOn: [a]}}, {{task: {log('c')}}}"
    )
    (found,) = problems(f"- {{id: d, type: {FLOW}Dag, tasks: [{tasks}]}}")
    assert "d: Cyclic dependency detected: a, b" in found


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        ("Schedule, cron: never", "Invalid cron expression 'never'"),
        ("Schedule, cron: '61 * * * *'", "its field for the minute"),
        ("Schedule, cron: '@daily', timezone: Mars/Olympus", "Mars/Olympus"),
        ("ScheduleOnDates, dates: [soon]", "'soon'"),
    ],
)
def test_what_is_wrong_with_a_schedule_is_told_before_it_runs(trigger: str, said: str) -> None:
    found = problems(
        f"- {log('a')}", f"triggers: [{{id: a, type: io.kestra.plugin.core.trigger.{trigger}}}]\n"
    )
    assert any(said in one for one in found)


def test_a_retry_needs_to_be_told_how() -> None:
    (found,) = problems(f"- {{id: r, type: {FLOW}Retry, tasks: [{log('a')}]}}")
    assert "r: a Retry needs `retry:`" in found


def test_preconditions_have_ids_of_their_own() -> None:
    triggers = ", ".join(
        f"{{id: {name}, type: io.kestra.plugin.core.trigger.Flow, preconditions: {{id: p, flows: []}}}}"
        for name in "ab"
    )
    (found,) = problems(f"- {log('a')}", f"triggers: [{triggers}]\n")
    assert "Duplicate preconditions id with name [p]" in found


def test_a_name_with_a_dash_behind_a_dot_is_a_subtraction_and_refused() -> None:
    reads = f"{{id: b, type: {LOG}, message: '{{{{ inputs.my-name }}}} {{{{ outputs.my-task.value }}}}'}}"
    good = f"{{id: c, type: {LOG}, message: '{{{{ inputs[\"my-name\"] }}}} {{{{ inputs.n - 1 }}}}'}}"
    head = (
        "inputs: [{id: my-name, type: STRING}, {id: n, type: INT}]\n"
        "outputs: [{id: o, type: STRING, value: '{{ outputs.my-task.value }}'}]\n"
    )
    (found,) = problems(f"- {log('my-task')}\n- {reads}\n- {good}", head)
    assert found.startswith("line 7, column 8: Invalid Flow: Invalid input reference: use inputs[key-name]")
    assert found.count("offending tasks: [b]") == 2
    assert found.endswith("offending outputs: [o]")


def test_a_retry_that_would_never_come_is_refused() -> None:
    retry = "retry: {type: constant, interval: PT10S, maxDuration: PT10S}"
    (found,) = problems(f"- {{id: a, type: {LOG}, message: x, {retry}}}")
    assert "'interval' must be less than 'maxDuration' but is 'PT10S'" in found


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ("type: STRING, defaults: a, prefill: b", "an input has `defaults` or `prefill`, not both"),
        ("type: ARRAY, itemType: ARRAY", "`itemType` cannot be `ARRAY`"),
    ],
)
def test_an_input_may_not_contradict_itself(declared: str, said: str) -> None:
    (found,) = problems(f"- {log('a')}", f"inputs: [{{id: i, {declared}}}]\n")
    assert said in found


def test_an_optional_input_with_a_default_is_warned_of() -> None:
    inputs = "inputs: [{id: i, type: STRING, required: false, defaults: a}]"
    source = f"id: f\nnamespace: n\n{inputs}\ntasks:\n- {log('a')}\n"
    (warning,) = examine(source, CATALOG).warnings
    assert "since the default is always applied: use `prefill`" in str(warning)


@pytest.mark.parametrize(("kind", "idle"), [("Schedule, cron: '@daily'", True), ("Webhook, key: k", False)])
def test_a_trigger_that_nothing_evaluates_yet_is_warned_of(kind: str, idle: bool) -> None:
    trigger = f"triggers: [{{id: t, type: io.kestra.plugin.core.trigger.{kind}}}]"
    found = examine(f"id: f\nnamespace: n\n{trigger}\ntasks:\n- {log('a')}\n", CATALOG).warnings
    assert any("t has no effect yet" in str(warning) for warning in found) == idle
