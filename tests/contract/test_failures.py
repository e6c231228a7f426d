"""Every type fails in a sentence: wrong values by the property's name, and each of core by what it does."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.contract.catalog import types
from tests.contract.families import PLUGINS, Plugin
from tiercel.errors import InvalidParameters
from tiercel.plugin import State
from tiercel.testing import run_plugin
from tiercel.testing.running import MemoryServices
from tiercel.validation import validate

CORE = "io.kestra.plugin.core."
JARGON = re.compile(r"input should|instance of|timedelta|discriminator|dictionary|pydantic|Traceback|Error\b")
VALUES: tuple[Any, ...] = ([[]], {"x": {"y": []}}, "nonsense", -1, 1e308, True, None)
TASK = {"id": "a", "type": "io.kestra.plugin.core.log.Log", "message": "x"}
NO_SUCH_NAMESPACE = "Namespace 'else' may not be reached from namespace 'a.b'; a flow reaches its own"
NO_STORAGE = r"'nowhere': it is no URI of internal storage \(kestra:///…\)\."
NO_DATE = "`soon` is no date: write it as 2024-12-31"
NO_ORCHESTRATOR = "has no way to it from here; keep executions in a Supabase project"
NO_URL = "'nowhere' cannot be called .* write an http:// or https:// URL"
NO_LIST = "is 'nowhere', which is not a JSON list; write a list"
NO_DURATION = "is wrong: write a duration such as PT30S or P1D"
NO_TASKS = "`tasks` is required: add it"

FAILURES: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "condition.DateTimeBetween": ({"date": "soon"}, NO_DATE),
    "condition.DayWeek": (
        {"dayOfWeek": "MON", "date": "2024-01-01"},
        "`dayOfWeek` is wrong: write 'MONDAY',",
    ),
    "condition.DayWeekInMonth": ({"dayOfWeek": "MONDAY", "dayInMonth": "FIRST", "date": "soon"}, NO_DATE),
    "condition.ExecutionFlow": ({"namespace": "a"}, "`flowId` is required: add it"),
    "condition.ExecutionLabels": ({"labels": "x"}, "`labels` is wrong: write a list or a map"),
    "condition.ExecutionNamespace": ({"namespace": "a", "comparison": "LIKE"}, "write 'EQUALS', 'PREFIX' or"),
    "condition.ExecutionOutputs": ({"expression": "{{ nope }}"}, "Unable to find `nope`"),
    "condition.ExecutionStatus": ({"in": ["DONE"]}, r"`in\[0\]` is wrong: write 'CREATED',"),
    "condition.Expression": ({"expression": "{{ nope }}"}, "Unable to find `nope`"),
    "condition.FlowCondition": ({"flowId": "f"}, "`namespace` is required: add it"),
    "condition.FlowNamespaceCondition": (
        {"namespace": "a", "prefix": "x"},
        "`prefix` .* write true or false",
    ),
    "condition.HasRetryAttempt": ({"in": ["DONE"]}, r"`in\[0\]` is wrong: write 'CREATED',"),
    "condition.MultipleCondition": ({"id": "a", "conditions": []}, "`conditions` .* write a map"),
    "condition.Not": (
        {"conditions": [{"type": "x"}]},
        "`x` is no condition that can stand inside another one",
    ),
    "condition.Or": (
        {"conditions": [{"type": "x"}]},
        "`x` is no condition that can stand inside another one",
    ),
    "condition.PublicHoliday": ({"date": "2024-01-01", "country": "XX"}, "XX"),
    "condition.TimeBetween": ({"date": "2024-01-01", "after": "soon"}, "soon"),
    "condition.Weekend": ({"date": "soon"}, NO_DATE),
    "dashboard.chart.Bar": ({"data": {"columns": {}}}, r"`data\.type` is required: add it"),
    "dashboard.chart.KPI": ({"data": "x"}, "`data` .* write a map"),
    "dashboard.chart.Markdown": ({"source": "x"}, "`source` .* write a map"),
    "dashboard.chart.Pie": ({"data": "x"}, "`data` .* write a map"),
    "dashboard.chart.Table": ({"data": "x"}, "`data` .* write a map"),
    "dashboard.chart.TimeSeries": ({"data": "x"}, "`data` .* write a map"),
    "debug.Echo": ({"format": "x", "level": "LOUD"}, "`level` is wrong: write 'ERROR', 'WARN', 'INFO',"),
    "debug.Return": ({"format": "{{ nope }}"}, "Unable to find `nope`"),
    "execution.Assert": ({"conditions": ["{{ false }}"]}, "1 assertion failed of 1: number 1 gave `false`"),
    "execution.Count": ({"startDate": "soon", "expression": "x"}, NO_DATE),
    "execution.Exit": ({"state": "GONE"}, "`state` is wrong: write 'SUCCESS', 'WARNING', 'KILLED',"),
    "execution.Fail": ({"errorMessage": "The table is empty."}, r"^The table is empty\.$"),
    "execution.Labels": ({"labels": "x"}, "`labels` is 'x', which is no JSON map of labels .* write a map"),
    "execution.PurgeExecutions": ({"endDate": "soon"}, NO_DATE),
    "execution.Resume": ({}, NO_ORCHESTRATOR),
    "execution.SetVariables": ({"variables": {"known": 1}, "overwrite": False}, "known"),
    "execution.UnsetVariables": ({"variables": ["missing"]}, "missing"),
    "flow.AllowFailure": ({}, NO_TASKS),
    "flow.Dag": ({"tasks": [{"dependsOn": ["a"]}]}, r"`tasks\[0\]\.task` is required: add it"),
    "flow.EachParallel": ({"value": "nowhere", "tasks": [TASK]}, NO_LIST),
    "flow.EachSequential": ({"value": "nowhere", "tasks": [TASK]}, NO_LIST),
    "flow.ForEach": ({"values": "nowhere", "tasks": [TASK]}, NO_LIST),
    "flow.ForEachItem": (
        {"items": "x", "namespace": "a", "flowId": "f", "batch": {"rows": 0}},
        r"`batch\.rows` is wrong: it has to be greater than or equal to 1",
    ),
    "flow.If": ({"condition": "true"}, "`then` is required: add it"),
    "flow.Loop": ({"values": "nowhere", "tasks": [TASK]}, "neither a JSON list or map nor the URI of a file"),
    "flow.LoopUntil": (
        {"condition": "x", "tasks": [TASK], "checkFrequency": {"interval": "often"}},
        f"`checkFrequency.interval` {NO_DURATION}",
    ),
    "flow.Parallel": ({"tasks": [TASK], "concurrent": "all"}, "`concurrent` is wrong: write a whole number"),
    "flow.Pause": ({"pauseDuration": "soon"}, f"`pauseDuration` {NO_DURATION}"),
    "flow.Retry": ({}, NO_TASKS),
    "flow.Sequential": ({}, NO_TASKS),
    "flow.Sleep": ({"duration": "long"}, f"`duration` {NO_DURATION}"),
    "flow.Subflow": ({"namespace": "a"}, "`flowId` is required: add it"),
    "flow.Switch": ({"value": "b", "cases": {"a": [TASK]}}, "no case for the value 'b' .* add a case"),
    "flow.Template": ({"namespace": "a", "templateId": "t"}, "Can't find flow template 'a.t'"),
    "flow.Timeout": ({"tasks": [TASK], "timeout": "soon"}, f"`timeout` {NO_DURATION}"),
    "flow.WorkingDirectory": ({"tasks": [TASK], "cache": {}}, r"`cache\.patterns` is required: add it"),
    "http.Download": ({"uri": "nowhere"}, NO_URL),
    "http.Request": ({"uri": "nowhere"}, NO_URL),
    "http.SseRequest": ({"uri": "nowhere"}, NO_URL),
    "http.Trigger": ({"uri": "nowhere"}, NO_URL),
    "io.kestra.plugin.graphql.Request": ({"uri": "nowhere", "query": "{ a }"}, NO_URL),
    "kv.Delete": ({"key": "k", "errorOnMissing": True}, "No value found for key 'k' in namespace 'a.b'"),
    "kv.Get": ({"key": "k", "errorOnMissing": True}, "No value found for key 'k' in namespace 'a.b'"),
    "kv.GetKeys": ({"namespace": "else"}, NO_SUCH_NAMESPACE),
    "kv.PurgeKV": ({"behavior": {"type": "all"}}, "`behavior` is wrong: write a map whose `type` is one"),
    "kv.Put": ({"key": "k", "value": 1, "errorOnMissing": True}, "No value found for key 'k'"),
    "kv.Set": ({"key": "k", "value": "x", "kvType": "NUMBER"}, "NUMBER"),
    "log.Fetch": ({"flowId": "f"}, "`executionId` is required where .* name the execution"),
    "log.Log": ({"message": {"a": 1}}, "`message` is wrong: write a text or a list"),
    "log.PurgeLogs": ({"endDate": "soon"}, NO_DATE),
    "metric.Publish": (
        {"metrics": [{"type": "counter", "name": "a", "value": "x"}]},
        r"`metrics\[0\]\.value` is wrong: write a number",
    ),
    "namespace.DeleteFiles": ({"namespace": "else", "files": "**"}, NO_SUCH_NAMESPACE),
    "namespace.DownloadFiles": (
        {"namespace": "a.b", "files": "[x"},
        "`files` begins like a JSON list and is",
    ),
    "namespace.PurgeFiles": ({"namespaces": ["else"]}, "'else' cannot be purged from 'a.b'"),
    "namespace.UploadFiles": (
        {"namespace": "else", "filesMap": {"a": "b"}},
        "changes only files of its own execution and of its own namespace",
    ),
    "output.OutputValues": ({"values": {"a": "{{ nope }}"}}, r"`values\.a`: Unable to find `nope`"),
    "runner.Process": ({}, "is a taskrunner and cannot be run as a task"),
    "state.Delete": ({"errorOnMissing": True}, "No state 'default' was found"),
    "state.Get": ({"errorOnMissing": True}, "No state 'default' was found"),
    "state.Set": ({"data": "x"}, "`data` takes a map"),
    "storage.Concat": ({"files": ["nowhere"]}, NO_STORAGE),
    "storage.DeduplicateItems": ({"from": "nowhere", "expr": "x"}, NO_STORAGE),
    "storage.Delete": (
        {"uri": "kestra:///a/b/f/executions/e/x", "errorOnMissing": True},
        "Unable to find a file",
    ),
    "storage.Filter": ({"from": "nowhere", "filterCondition": "x"}, NO_STORAGE),
    "storage.FilterItems": ({"from": "nowhere", "filterCondition": "x"}, NO_STORAGE),
    "storage.LocalFiles": (
        {"inputs": {"../a": "b"}},
        "'../a' leads out of its directory; use a path below it",
    ),
    "storage.PurgeCurrentExecutionFiles": ({"all": True}, "`all` is unknown: remove it"),
    "storage.PurgeStorage": ({"endDate": "soon"}, NO_DATE),
    "storage.Reverse": ({"from": "nowhere"}, NO_STORAGE),
    "storage.Size": ({"uri": "nowhere"}, NO_STORAGE),
    "storage.Split": ({"from": "nowhere"}, "Say how to split: set `bytes`, `partitions`, `rows` or"),
    "storage.Write": ({"content": "x", "extension": "/../x"}, "leads out of its directory"),
    "templating.TemplatedTask": ({"spec": "x"}, "`spec` is no task once it is rendered: write at least"),
    "trigger.Flow": ({"preconditions": {}}, r"`preconditions\.id` is required: add it"),
    "trigger.McpToolTrigger": ({"toolName": "", "title": "x", "toolDescription": "x"}, "`toolName` is wrong"),
    "trigger.Schedule": ({"timezone": "UTC"}, "`cron` is required: add it"),
    "trigger.ScheduleOnDates": ({"dates": "soon"}, "`dates` takes a list"),
    "trigger.Toggle": ({"trigger": "call"}, NO_ORCHESTRATOR),
    "trigger.Webhook": ({"key": "k", "responseContentType": "image/png"}, "write 'application/json' or"),
    **{
        f"dashboard.data.{kind}": ({"column": {}}, "`column` is unknown")
        for kind in (
            "Executions",
            "ExecutionsKPI",
            "Flows",
            "FlowsKPI",
            "Logs",
            "LogsKPI",
            "Metrics",
            "MetricsKPI",
            "Triggers",
        )
    },
}
"""How each type of core fails: properties, and what is said. What else it does wrong its own tests say."""

OURS = [plugin for package, plugin in PLUGINS if package == "tiercel_core"]
each_plugin = pytest.mark.parametrize(
    "plugin", [pytest.param(plugin, id=plugin.task_types[0]) for _, plugin in PLUGINS]
)


def short(plugin: Plugin) -> str:
    return plugin.task_types[0].removeprefix(CORE)


@pytest.fixture(scope="module")
def services() -> Iterator[MemoryServices]:
    with MemoryServices() as found:
        yield found


def test_every_public_type_of_the_catalogs_core_is_here() -> None:
    public = {name for name, facts in types().items() if name.startswith(CORE) and not facts.get("internal")}
    assert public - {plugin.task_types[0] for plugin in OURS} == set()


def test_every_type_of_core_has_a_failure() -> None:
    # what stands behind a `$` is a step of the type before it, which nobody writes
    assert {short(plugin) for plugin in OURS if "$" not in short(plugin)} == FAILURES.keys()


@pytest.mark.parametrize(
    "plugin", [pytest.param(plugin, id=short(plugin)) for plugin in OURS if short(plugin) in FAILURES]
)
def test_it_fails_in_a_sentence(plugin: Plugin, services: MemoryServices) -> None:
    params, said = FAILURES[short(plugin)]
    place: dict[str, Any] = {
        "namespace": "a.b",
        "flow_id": "f",
        "execution_id": "e",
        "task_id": "t",
        "task_run_id": "r",
    }
    variables = {"vars": {"known": 0}, "flow": {"namespace": "a.b", "id": "f"}}
    result = run_plugin(plugin, params, services=services, variables=variables, **place)
    assert result.state is State.FAILED
    assert result.error is not None
    assert re.search(said, result.error.message), result.error.message
    assert not JARGON.search(result.error.message), result.error.message


@each_plugin
def test_a_property_that_does_not_exist_is_named(plugin: Plugin) -> None:
    with pytest.raises(InvalidParameters) as caught:
        validate(plugin, {"notAProperty": 1}, plugin.task_types[0])
    assert "`notAProperty` is unknown: " in str(caught.value)


@each_plugin
def test_a_value_that_does_not_fit_is_answered_by_the_property_and_what_to_write(plugin: Plugin) -> None:
    for name in plugin.parameter_schema().get("properties", {}):
        for value in VALUES:
            for problem in problems_with(plugin, {name: value}):
                assert not JARGON.search(problem), problem
                assert re.match(
                    r"is (wrong: (write|it has to|.*[:;])|required: add it|unknown: )", problem
                ), problem


def problems_with(plugin: Plugin, params: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with properties that are rendered already."""
    try:
        validate(plugin, params, plugin.task_types[0])
    except InvalidParameters as error:
        return [problem.message for problem in error.problems]
    return []
