"""A flow is read, or everything that is wrong with it is said."""

from datetime import timedelta
from textwrap import dedent

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.flows.catalogs import CATALOG, LOG
from tiercel.errors import InvalidFlow
from tiercel.flows.models import Concurrency, Flow
from tiercel.flows.reading import examine, problems_of, read_flow

HEAD = "id: f\nnamespace: n\n"


def read(body: str, head: str = HEAD) -> Flow:
    return read_flow(head + dedent(body), catalog=CATALOG)


def problems(body: str, head: str = HEAD) -> list[str]:
    with pytest.raises(InvalidFlow) as caught:
        read(body, head)
    return [str(problem) for problem in caught.value.problems]


LOG_TASK = f"tasks: [{{id: t, type: {LOG}, message: hello}}]\n"


def test_a_flow_is_read_whole() -> None:
    flow = read(
        f"""
        description: what it does
        labels: {{team: data, year: 2024}}
        variables: {{x: 1}}
        inputs:
          - id: name
            type: STRING
            defaults: World
        outputs:
          - id: out
            type: STRING
            value: "{{{{ outputs.t }}}}"
        concurrency: {{limit: 2, behavior: CANCEL}}
        retry: {{type: constant, interval: PT1S, maxAttempt: 3}}
        triggers:
          - id: nightly
            type: io.kestra.plugin.core.trigger.Schedule
            cron: "0 2 * * *"
        tasks:
          - id: t
            type: {LOG}
            message: "{{{{ inputs.name }}}}"
            timeout: PT1M
            disabled: true
            allowFailure: yes
            runIf: "{{{{ true }}}}"
        errors:
          - {{id: e, type: {LOG}, message: oh}}
        finally:
          - {{id: z, type: {LOG}, message: end}}
        afterExecution:
          - {{id: a, type: {LOG}, message: after}}
        listeners:
          - tasks: [{{id: l, type: {LOG}, message: heard}}]
        """
    )
    (task,) = flow.tasks
    assert (flow.id, flow.namespace, flow.description) == ("f", "n", "what it does")
    assert flow.labels == {"team": "data", "year": "2024"}
    assert flow.variables == {"x": 1}
    assert (flow.inputs[0].id, flow.inputs[0].required, flow.inputs[0].properties["defaults"]) == (
        "name",
        True,
        "World",
    )
    assert (flow.outputs[0].id, flow.outputs[0].type) == ("out", "STRING")
    assert flow.concurrency == Concurrency(2, "CANCEL")
    assert flow.retry is not None
    assert (flow.retry.kind, flow.retry.interval, flow.retry.max_attempts) == (
        "constant",
        timedelta(seconds=1),
        3,
    )
    assert flow.triggers[0].properties["cron"] == "0 2 * * *"
    assert task.params == {"message": "{{ inputs.name }}"}
    assert (task.timeout, task.disabled, task.allow_failure, task.run_if) == (
        "PT1M",
        True,
        True,
        "{{ true }}",
    )
    assert [one.id for one in flow.walk()] == ["t", "e", "z", "a", "l"]


def test_every_mistake_is_said_in_one_go_with_its_place() -> None:
    found = problems(
        f"""
        labls: {{}}
        inputs:
          - {{id: i, type: STRNG}}
        tasks:
          - id: t 1
            type: {LOG}
            mesage: hello
            level: INFOO
            timeout: 5s
          - id: other
            type: io.kestra.plugin.core.log.Lag
        """
    )
    said = "\n".join(found)
    for part in (
        'line 4, column 1: labls: Unrecognized field "labls" (flow): did you mean "labels"?',
        'inputs[0].type: Invalid type: STRNG; did you mean "STRING"?',
        'tasks[0].id: must match "^[a-zA-Z0-9][a-zA-Z0-9_-]*$", but is "t 1"',
        'line 10, column 5: tasks[0].mesage: Unrecognized field "mesage" (class io.kestra.plugin.core.log.Log'
        '): did you mean "message"?',
        "tasks[0].message: must not be null",
        'tasks[0].level: "INFOO" is not one of the values accepted',
        "tasks[0].timeout: '5s' is not a duration",
        "tasks[1].type: Invalid type: io.kestra.plugin.core.log.Lag is in no installed family; did you mean "
        "io.kestra.plugin.core.log.Log?",
    ):
        assert part in said
    lines = [int(line.split()[1].rstrip(",")) for line in found]
    assert lines == sorted(lines)


def test_the_text_of_the_error_names_the_file() -> None:
    with pytest.raises(InvalidFlow, match=r"^my\.yaml: line 1, column 1: "):
        read_flow("", catalog=CATALOG, file="my.yaml")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "cannot be an empty string: write at least `id`"),
        ("- a", "a flow is a map"),
        ("id: f", "namespace: must not be null"),
        ("id: f\nnamespace: n", "tasks: must not be empty: The 'tasks' property cannot be empty"),
        ("id: f\nnamespace: n\ntasks: []", "tasks: must not be empty"),
        ("id: f\nnamespace: n\ntasks: x", "tasks: must be a list"),
        ("id: f\nnamespace: n\ntasks: [x]", "tasks[0]: must be a task"),
        ("id: my#flow\nnamespace: n\n" + LOG_TASK, 'id: must match "^[a-zA-Z0-9]'),
        ("id: f\nnamespace: MY\n" + LOG_TASK, "namespace: must match"),
        (
            "id: f\nnamespace: n\nlabels: {system.x: y}\n" + LOG_TASK,
            "System labels can only be set by Kestra",
        ),
        ("id: f\nnamespace: n\nlabels: {x: [y]}\n" + LOG_TASK, "the label `x` must have a name, and a text"),
        ("id: f\nnamespace: n\nworkerGroup: {key: x}\n" + LOG_TASK, "Enterprise Edition functionality"),
        ("id: f\nnamespace: n\nconcurrency: {limit: 0}\n" + LOG_TASK, "must be greater than or equal to 1"),
        (
            "id: f\nnamespace: n\nretry: {type: often}\n" + LOG_TASK,
            "accepted: [constant, exponential, random]",
        ),
        ("id: f\nnamespace: n\nretry: {type: constant}\n" + LOG_TASK, "retry.interval: must not be null"),
        (
            "id: f\nnamespace: n\nretry: {type: random, minInterval: PT5S, maxInterval: PT5S}\n" + LOG_TASK,
            "'minInterval' must be less than 'maxInterval' but is 'PT5S'",
        ),
        (
            "id: f\nnamespace: n\nsla: [{id: a, type: MAX_DURATION, behavior: FAIL}]\n" + LOG_TASK,
            "sla[0].duration",
        ),
        (
            "id: f\nnamespace: n\ntriggers: [{id: a, type: " + LOG + "}]\n" + LOG_TASK,
            "is a task, not a trigger",
        ),
        (
            "id: f\nnamespace: n\ninputs: [{id: a, type: ENUM}]\n" + LOG_TASK,
            "inputs[0].values: must not be null",
        ),
        ("id: f\nnamespace: n\ninputs: [{id: a, type: INT, defaults: x}]\n" + LOG_TASK, "Expected `INT`"),
        (
            "id: f\nnamespace: n\ninputs: [{id: a, type: STRING, validator: (}]\n" + LOG_TASK,
            "invalid pattern [(]",
        ),
        (
            "id: f\nnamespace: n\ninputs: [{id: a, type: INT, validator: x}]\n" + LOG_TASK,
            "Unrecognized field",
        ),
        (
            "id: f\nnamespace: n\noutputs: ['{{ x }}']\n" + LOG_TASK,
            "outputs[0]: must be a map (`name: value` lines), but is",
        ),
        ("id: f\nnamespace: n\noutputs: [{id: a}]\n" + LOG_TASK, "outputs[0].value: must not be null"),
    ],
)
def test_one_mistake_is_one_problem(source: str, said: str) -> None:
    found = problems(source, head="")
    assert any(said in problem for problem in found), found
    assert len(found) == 1 or source == "id: f"


def test_a_part_without_type_gives_two_problems_as_kestra_does() -> None:
    found = problems("inputs: [{id: wrong one}]\n" + LOG_TASK)
    assert len(found) == 2
    assert "Invalid type: null; add `type:` with one of STRING" in found[0]
    assert "missing type id property 'type' (for POJO property 'inputs')" in found[1]


def test_unknown_properties_of_a_stored_flow_are_left_out() -> None:
    source = HEAD + f"later: 1\ntasks: [{{id: t, type: {LOG}, message: x, newer: 1}}]\n"
    (task,) = read_flow(source, catalog=CATALOG, strict=False).tasks
    assert task.params == {"message": "x"}


@pytest.mark.parametrize(
    "head",
    [
        "labels: {empty: '', system.x: y}",
        "inputs: [{id: i, type: STRING, defaults: a, prefill: b}]",
        "inputs: [{id: a-b, type: STRING}]\noutputs: [{id: o, value: '{{ outputs.a-b.x }}'}]",
        "retry: {type: constant, interval: PT10S, maxDuration: PT1S}",
    ],
)
def test_a_stored_flow_may_be_what_is_not_put_any_more(head: str) -> None:
    source = HEAD + f"{head}\ntasks: [{{id: a-b, type: {LOG}, message: x}}]\n"
    assert problems_of(source, CATALOG)
    assert read_flow(source, catalog=CATALOG, strict=False).id


def test_an_expression_that_cannot_be_parsed_refuses_no_flow_but_is_a_problem_of_it() -> None:
    source = HEAD + f"tasks:\n  - id: t\n    type: {LOG}\n    message: '{{{{ 1 + }}}}'\n"
    reading = examine(source, CATALOG)
    assert reading.flow is not None
    assert reading.problems == ()
    (problem,) = problems_of(source, CATALOG)
    assert (problem.path, problem.line) == ("tasks[0].message", 6)


def test_a_trigger_of_an_unknown_type_is_a_warning() -> None:
    body = (
        "triggers: [{id: a, type: io.kestra.plugin.core.trigger.Shedule, conditions: [{type: x.Y}]}]\n"
        + LOG_TASK
    )
    reading = examine(HEAD + body, CATALOG)
    assert reading.flow is not None
    assert reading.flow.triggers[0].type.endswith("Shedule")
    said = [str(warning) for warning in reading.warnings]
    assert any(
        "did you mean io.kestra.plugin.core.trigger.Schedule?): it will not fire" in one for one in said
    )
    assert any("x.Y: it will never hold" in one for one in said)


def test_blocks_are_split_from_parameters() -> None:
    (switch, dag, pause) = read(
        f"""
        tasks:
          - id: switch
            type: io.kestra.plugin.core.flow.Switch
            value: "{{{{ x }}}}"
            cases:
              1: [{{id: one, type: {LOG}, message: x}}]
              "no": [{{id: two, type: {LOG}, message: x}}]
            defaults: [{{id: three, type: {LOG}, message: x}}]
            errors: [{{id: four, type: {LOG}, message: x}}]
          - id: dag
            type: io.kestra.plugin.core.flow.Dag
            concurrent: 2
            tasks:
              - task: {{id: a, type: {LOG}, message: x}}
              - task: {{id: b, type: {LOG}, message: x}}
                dependsOn: [a]
          - id: pause
            type: io.kestra.plugin.core.flow.Pause
            onPause: {{id: hello, type: {LOG}, message: x}}
            onResume: [{{id: asked, type: STRING}}]
        """
    ).tasks
    assert {name: [task.id for task in tasks] for name, tasks in switch.blocks.items()} == {
        "cases.1": ["one"],
        "cases.no": ["two"],
        "defaults": ["three"],
        "errors": ["four"],
    }
    assert switch.params == {"value": "{{ x }}"}
    assert [task.id for task in dag.blocks["tasks"]] == ["a", "b"]
    assert dag.params == {"concurrent": 2, "dependsOn": {"a": (), "b": ("a",)}}
    assert [task.id for task in pause.blocks["onPause"]] == ["hello"]
    assert pause.params == {"onResume": [{"id": "asked", "type": "STRING"}]}


def test_a_fault_deep_inside_blocks_has_its_path() -> None:
    found = problems(
        f"""
        tasks:
          - id: dag
            type: io.kestra.plugin.core.flow.Dag
            tasks:
              - task:
                  id: if
                  type: io.kestra.plugin.core.flow.If
                  condition: "true"
                  then: [{{id: a, type: {LOG}, message: {{}}}}]
        """
    )
    assert len(found) == 1
    assert "tasks[0].tasks[0].task.then[0].message: must be a text or a list, but is a map" in found[0]


def test_inputs_of_a_pause_are_checked_like_a_flows() -> None:
    found = problems(
        "tasks: [{id: p, type: io.kestra.plugin.core.flow.Pause, onResume: [{id: a, type: TEXT}]}]"
    )
    assert "tasks[0].onResume[0].type: Invalid type: TEXT" in found[0]


def test_old_names_are_taken() -> None:
    flow = read("inputs: [{name: old, type: STRING}]\nlabels: [{key: a, value: 1}]\n" + LOG_TASK)
    assert flow.inputs[0].id == "old"
    assert flow.labels == {"a": "1"}


def test_a_form_holds_inputs() -> None:
    body = "inputs: [{id: form, type: FORM, inputs: [{id: a, type: STRING}, {id: b, type: NO}]}]\n" + LOG_TASK
    assert "inputs[0].inputs[1].type: Invalid type: NO" in problems(body)[0]


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_text_at_all_makes_reading_fall_over(text: str) -> None:
    reading = examine(text, CATALOG)
    assert reading.flow is None
    assert reading.problems


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=10,
    ),
    st.sampled_from(
        ["inputs", "tasks", "labels", "retry", "triggers", "outputs", "sla", "pluginDefaults", "errors"]
    ),
)
def test_no_value_of_a_property_makes_reading_fall_over(value: object, name: str) -> None:
    document = {"id": "f", "namespace": "n", "tasks": [{"id": "t", "type": LOG, "message": "x"}], name: value}
    reading = examine(yaml.safe_dump(document), CATALOG)
    assert (reading.flow is None) == bool(reading.problems)
