"""What a task run may do with executions under its token, over a real PostgREST and an engine's tables."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.postgrest import PUBLIC_KEY, Project
from tests.unit.values.test_tokens import token_of
from tiercel import clock
from tiercel.errors import TaskFailed
from tiercel.operations import ExecutionQuery, LogQuery, Purge, TriggerName
from tiercel.postgres import Refused
from tiercel.postgres.operations import PostgresOperations
from tiercel.postgres.rest import RestFunctions
from tiercel_orchestrator.store.errands import Errand, Errands
from tiercel_orchestrator.store.postgres import PostgresStore

NAMESPACES = ("company", "company.team", "company.team.sub", "company.other", "company.tea")
OURS = ["company.team", "company.team.sub"]
MOST_LINES = 50
LAID_DOWN = f"""
insert into tiercel.executions
    (id, namespace, flow_id, revision, root_id, state, history, inputs, labels, variables, attempt_number)
select 'of ' || name, name, 'f', 1, 'of ' || name, 'SUCCESS',
    '[["CREATED", "2024-01-0' || at || 'T00:00:00.000Z"]]', '{{}}', '{{}}', '{{}}', 1
from unnest(array{[*NAMESPACES]!r}) with ordinality as namespaces (name, at);
insert into tiercel.executions
    (id, namespace, flow_id, revision, root_id, state, history, inputs, labels, variables, attempt_number)
values ('e', 'company.team', 'g', 1, 'e', 'RUNNING', '[["CREATED", "2024-02-01T00:00:00.000Z"]]', '{{}}',
    '{{}}', '{{}}', 1);
insert into tiercel.task_runs
    (id, execution_id, task_id, parent_id, role, path, state, history, attempts, attempt, lease, work, owner)
values ('r', 'e', 't', 'root', '', '[]', 'RUNNING', '[]', '[]', 2, 1, 'leased', 'somebody');
insert into tiercel.logs (execution_id, task_run_id, task_id, attempt, timestamp, level, message)
select 'of ' || name, 'run', 't', 1, '2024-01-01T00:00:00.000Z', 'INFO', name || ' ' || line
from unnest(array{[*NAMESPACES]!r}) as name, generate_series(1, {MOST_LINES}) as line;
"""


@pytest.fixture
def store(project: Project) -> Iterator[PostgresStore]:
    """Give the engine's store in the project, with an execution in each namespace, and their logs."""
    project.run("drop schema if exists tiercel cascade")
    opened = PostgresStore(project.database_url)
    project.run(LAID_DOWN)
    yield opened
    opened.close()
    project.run("drop schema tiercel cascade")


class Asking:
    """Asks under a token; while it waits for an answer, `meanwhile` may give one."""

    def __init__(self, project: Project, token: str) -> None:
        self.functions = RestFunctions(project.url, PUBLIC_KEY, token)

    def operations(self, errands: Errands | None = None, answer: Any = None) -> PostgresOperations:
        """Give the operations; an orchestrator that answers all alike is there if `errands` are given."""
        self.taken: list[Errand] = []

        def meanwhile(seconds: float) -> None:
            if errands is None:
                return
            for errand in errands.take(clock.now(), clock.now(), 10):
                self.taken.append(errand)
                if isinstance(answer, str):
                    errands.refuse(errand.id, answer)
                else:
                    errands.answer(errand.id, answer)

        return PostgresOperations(self.functions, patience_seconds=5, pause=meanwhile)


@pytest.fixture
def asking(project: Project, store: PostgresStore) -> Iterator[Asking]:
    found = Asking(project, token_of())
    yield found
    found.functions.close()


def test_executions_of_the_own_namespace_and_those_below_are_found(asking: Asking) -> None:
    operations = asking.operations()
    found = list(operations.find(ExecutionQuery(flow_id="f")))
    assert [one.namespace for one in found] == OURS
    assert (found[0].id, found[0].state) == ("of company.team", "SUCCESS")
    assert found[0].started_at == datetime(2024, 1, 2, tzinfo=UTC)
    for wanted, ids in (
        (ExecutionQuery("company.team"), ["of company.team", "e"]),
        (ExecutionQuery("company.team", below=True), ["of company.team", "of company.team.sub", "e"]),
        (ExecutionQuery(states=("RUNNING",)), ["e"]),
        (ExecutionQuery(start=datetime(2024, 1, 3, tzinfo=UTC)), ["of company.team.sub", "e"]),
        (ExecutionQuery(end=datetime(2024, 1, 3, tzinfo=UTC)), ["of company.team"]),
    ):
        assert [one.id for one in operations.find(wanted)] == ids


def test_log_lines_come_in_their_order_however_few_are_sent_at_once(asking: Asking) -> None:
    operations = asking.operations()
    lines = list(operations.logs(LogQuery(execution_id="of company.team")))
    assert [line["message"] for line in lines] == [f"company.team {at + 1}" for at in range(MOST_LINES)]
    assert lines[0] == {
        "namespace": "company.team",
        "flowId": "f",
        "taskId": "t",
        "executionId": "of company.team",
        "taskRunId": "run",
        "attemptNumber": 0,
        "timestamp": "2024-01-01T00:00:00.000Z",
        "level": "INFO",
        "message": "company.team 1",
    }
    assert list(operations.logs(LogQuery(execution_id="of company.other"))) == []


def test_log_lines_of_other_namespaces_stay(asking: Asking, project: Project) -> None:
    assert asking.operations().purge_logs(LogQuery(levels=("INFO",))) == 2 * MOST_LINES
    left = project.run("select distinct execution_id from tiercel.logs order by 1")
    assert left == ["of company", "of company.other", "of company.tea"]


@pytest.mark.parametrize("namespace", ["company", "company.other", "company.tea", "else"])
def test_another_namespace_is_refused_and_nothing_of_it_changes(
    asking: Asking, store: PostgresStore, project: Project, namespace: str
) -> None:
    operations = asking.operations()
    for attempt in (
        lambda: list(operations.find(ExecutionQuery(namespace))),
        lambda: list(operations.logs(LogQuery(namespace, below=True))),
        lambda: operations.purge_logs(LogQuery(namespace)),
        lambda: operations.switch_trigger(TriggerName(namespace, "f", "t"), False),
    ):
        with pytest.raises(Refused, match=f"'{namespace}' is neither its own nor below it"):
            attempt()
    if namespace != "else":
        with pytest.raises(Refused, match="neither its own nor below it"):
            operations.purge(["of company.team", f"of {namespace}"], Purge())
        with pytest.raises(Refused, match="neither its own nor below it"):
            operations.resume(f"of {namespace}", {})
    assert project.run("select count(*) from tiercel.errands") == ["0"]
    assert project.run("select count(*) from tiercel.logs") == [str(len(NAMESPACES) * MOST_LINES)]


@pytest.mark.parametrize(
    "changed",
    [
        {"attempt": 1},
        {"taskRunId": "another"},
        {"namespace": None},
        {"role": "authenticated"},
        {"role": "anon"},
    ],
)
def test_a_token_that_is_not_of_a_task_run_at_work_reaches_nothing(
    project: Project, store: PostgresStore, changed: dict[str, Any]
) -> None:
    stranger = Asking(project, token_of(**changed))
    operations = stranger.operations()
    for attempt in (
        lambda: list(operations.find(ExecutionQuery())),
        lambda: list(operations.logs(LogQuery())),
        lambda: operations.purge_logs(LogQuery()),
        lambda: operations.purge([], Purge()),
        lambda: operations.resume("e", {}),
        lambda: operations.switch_trigger(TriggerName("company.team", "f", "t"), True),
        lambda: stranger.functions.call("pipeline_answer", id="x"),
    ):
        with pytest.raises(Refused):
            attempt()
    stranger.functions.close()


def test_what_an_orchestrator_has_to_do_is_left_for_it_and_its_answer_comes_back(
    asking: Asking, store: PostgresStore
) -> None:
    purged = {"executions": 1, "logs": 2, "metrics": 3, "files": 4}
    operations = asking.operations(store.errands, purged)
    answer = operations.purge(["of company.team", "of company.team.sub"], Purge(metrics=False))
    assert (answer.executions, answer.logs, answer.metrics, answer.files) == (1, 2, 3, 4)
    operations.resume("e", {"weight": 1.5, "name": "kestrel"})
    operations.switch_trigger(TriggerName("company.team", "f", "call"), True)
    assert [(one.verb, one.asked) for one in asking.taken[-3:]] == [
        (
            "purge",
            {
                "execution_ids": ["of company.team", "of company.team.sub"],
                "executions": True,
                "logs": True,
                "metrics": False,
                "files": True,
            },
        ),
        ("resume", {"execution_id": "e", "inputs": {"weight": 1.5, "name": "kestrel"}}),
        ("switch_trigger", {"namespace": "company.team", "flow_id": "f", "id": "call", "enabled": True}),
    ]


def test_a_refusal_comes_back_as_the_tasks_error(asking: Asking, store: PostgresStore) -> None:
    with pytest.raises(TaskFailed, match=r"^Nothing is paused\.$"):
        asking.operations(store.errands, "Nothing is paused.").resume("e", {})


def test_nobody_takes_up_what_is_asked_until_the_task_run_has_ended(
    asking: Asking, store: PostgresStore, project: Project
) -> None:
    with pytest.raises(TaskFailed, match="No orchestrator took up what this task asks for"):
        asking.operations().resume("e", {})
    assert store.errands is not None
    project.run("update tiercel.task_runs set work = 'ready', owner = null where id = 'r'")
    assert store.errands.take(clock.now(), clock.now(), 10) == []


def test_an_answer_is_for_the_task_run_that_has_asked(
    asking: Asking, project: Project, store: PostgresStore
) -> None:
    (left,) = asking.functions.call("pipeline_resume", execution_id="e", inputs="{}")
    project.run(
        "insert into tiercel.task_runs (id, execution_id, task_id, parent_id, role, path, state, history, "
        "attempts, attempt, lease, work, owner) select 's', execution_id, task_id, parent_id, role, path, "
        "state, history, attempts, attempt, lease, work, owner from tiercel.task_runs"
    )
    other = Asking(project, token_of(taskRunId="s"))
    assert other.functions.call("pipeline_answer", id=left["id"]) == []
    assert len(asking.functions.call("pipeline_answer", id=left["id"])) == 1
    other.functions.close()


def test_what_one_orchestrator_has_taken_no_other_is_given_unless_it_dies(
    asking: Asking, store: PostgresStore
) -> None:
    asking.functions.call("pipeline_resume", execution_id="e", inputs="{}")
    assert store.errands is not None
    now, later, latest = (datetime(2024, 1, day, tzinfo=UTC) for day in (1, 2, 3))
    assert len(store.errands.take(now, later, 10)) == 1
    assert store.errands.take(now, later, 10) == []
    assert len(store.errands.take(latest, latest, 10)) == 1


def test_executions_that_are_kept_elsewhere_are_not_looked_for_here(project: Project) -> None:
    project.run("drop schema if exists tiercel cascade")
    elsewhere = Asking(project, token_of())
    with pytest.raises(TaskFailed, match=r"The executions are kept elsewhere .* set TIERCEL_STORE"):
        list(elsewhere.operations().find(ExecutionQuery()))
    elsewhere.functions.close()
