"""The envelope: what `/execute` receives and answers. Version 1; its JSON schema is published."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tiercel.plugin import State

VERSION = 1


class Wire(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        defer_build=True,  # a cold `/health` reads no envelope
    )


class SharedDirectory(Wire):
    """A working directory that tasks of several families share: archives in internal storage."""

    fetch: list[str] = Field(description="Archives of the directory, the newest first; the first one counts.")
    store: str = Field(description="Where the task leaves the directory for the one after it.")


class RunContext(Wire):
    """Who asks: the task run on whose behalf a task runs, and the variables that its expressions see."""

    namespace: str = Field("default", description="Namespace of the flow; scopes files, keys and secrets.")
    flow_id: str = Field("adhoc", description="The flow's id.")
    revision: int | None = Field(None, description="The flow's revision.")
    execution_id: str = Field("adhoc", description="The execution's id.")
    task_id: str = Field("task", description="The task's id in its flow.")
    task_run_id: str = Field("adhoc", description="The task run's id.")
    attempt: int = Field(1, ge=1, description="Which attempt this is, from 1.")
    lease: int = Field(
        0, ge=0, description="Which dispatch of the task run this is; the answer to an earlier one is late."
    )
    value: str | None = Field(None, description="The enclosing each's value, where there is one.")
    log_level: Literal["TRACE", "DEBUG", "INFO", "WARN", "ERROR"] = Field(
        "TRACE", description="Lines below this level are dropped."
    )
    timeout_seconds: float | None = Field(None, gt=0, description="The declared timeout of the task.")
    working_directory: str | None = Field(
        None, description="Directory that the task shares with its siblings; in process only."
    )
    shared_directory: SharedDirectory | None = Field(
        None, description="Directory that the task shares with its siblings, wherever they run."
    )
    masked: list[str] = Field([], description="Values that neither the task's log nor its outputs may show.")
    variables: dict[str, Any] = Field(
        {},
        description="What expressions see: inputs, vars, outputs, trigger, labels, parents.",
    )


class Callback(Wire):
    """Where a result is to be sent that comes after the call was answered with 202."""

    url: str = Field(description="Address that takes `{taskRunId, attempt, lease, result}` by POST.")
    key: str = Field(min_length=1, description="What to sign it with; good for this one dispatch only.")


class Envelope(Wire):
    """One task to run."""

    version: Literal[1] = Field(1, description="Version of this schema.")
    task_type: str = Field(
        min_length=1, description="The task's type id, for example io.kestra.plugin.core.log.Log."
    )
    params: dict[str, Any] = Field({}, description="The task's own properties, unrendered.")
    context: RunContext = Field(
        default_factory=RunContext, description="On whose behalf, with what variables."
    )
    token: str | None = Field(
        None,
        repr=False,
        description="JWT of this task run, under which keys, states and secrets are reached; over HTTP it is "
        "the Authorization header.",
    )
    callback: Callback | None = Field(
        None, description="Where to send the result of a run that outlives its call; it can be polled, too."
    )

    def same_task(self, other: "Envelope") -> bool:
        """Say whether another envelope is this one, sent again: its token may be a newer one."""
        return self == other.model_copy(update={"token": self.token})


class WireProblem(Wire):
    """One property at fault."""

    message: str
    path: str = ""
    line: int | None = None
    column: int | None = None


class WireError(Wire):
    """Why a task failed; `kind` says what happens next."""

    kind: Literal[
        "InvalidParameters", "ExpressionError", "TaskFailed", "Retriable", "Timeout", "Killed", "Bug"
    ]
    message: str
    problems: list[WireProblem] = []
    retry_after: float | None = Field(None, description="Seconds before which a retry is pointless.")


class WireLog(Wire):
    """One line of the task's log."""

    timestamp: str
    level: str
    message: str


class Metric(Wire):
    """One measurement of a task. A timer's value is in milliseconds."""

    name: str
    type: Literal["counter", "timer", "gauge"] = "counter"
    value: float
    tags: dict[str, str] = {}


class Result(Wire):
    """What a task answered."""

    version: Literal[1] = 1
    state: State
    data: dict[str, Any] = {}
    plan: dict[str, Any] | None = None
    logs: list[WireLog] = []
    logs_ref: dict[str, Any] | None = Field(
        None,
        description="Where all log lines are, as a JSON list, if over 256 KB; `logs` has the last.",
    )
    metrics: list[Metric] = []
    error: WireError | None = None
    snooze_until: str | None = Field(
        None, description="Set when the task asks to be run again at that moment."
    )
    duration_seconds: float = 0.0
