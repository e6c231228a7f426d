"""A flow as data: what reading gives and everything else works on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Retry:
    """When to try again. `kind`: constant, exponential or random; intervals as the flow wrote them."""

    kind: Literal["constant", "exponential", "random"]
    interval: timedelta = timedelta()
    max_interval: timedelta | None = None
    delay_factor: float = 2.0
    max_attempts: int | None = None
    max_duration: timedelta | None = None
    warning_on_retry: bool = False
    new_execution: bool = False
    """behavior CREATE_NEW_EXECUTION."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task. `properties`: all of its YAML, plugin defaults merged in, common properties and blocks too.

    `blocks`: its children by block name, in YAML order: tasks, then, else, cases.<case>, defaults, errors,
    finally, onPause. `params`: its own properties only: no common ones, no blocks.
    """

    id: str
    type: str
    properties: Mapping[str, Any]
    params: Mapping[str, Any]
    blocks: Mapping[str, tuple["Task", ...]] = field(default_factory=dict)
    retry: Retry | None = None
    timeout: str | None = None
    """ISO 8601 duration or an expression that gives one."""
    disabled: bool = False
    run_if: str = "true"
    allow_failure: bool = False
    allow_warning: bool = False
    log_level: str | None = None

    def block(self, name: str) -> tuple["Task", ...]:
        """Give the children of a block that are not disabled, in order; () where there are none."""
        return tuple(task for task in self.blocks.get(name, ()) if not task.disabled)

    def walk(self) -> Iterator["Task"]:
        """Give this task and all below it, in YAML order."""
        yield self
        for children in self.blocks.values():
            for child in children:
                yield from child.walk()


@dataclass(frozen=True, slots=True)
class Input:
    """One declared input of a flow or of a Pause; `properties` holds all that its YAML says."""

    id: str
    type: str
    required: bool = True
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Output:
    """One declared output of a flow."""

    id: str
    value: Any
    type: str | None = None
    required: bool = True


@dataclass(frozen=True, slots=True)
class Concurrency:
    """How many executions may run at once, and what happens to one more."""

    limit: int
    behavior: Literal["QUEUE", "CANCEL", "FAIL"] = "QUEUE"


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was agreed on an execution's service: how long it may take, or a template that has to be true.

    `behavior`: what happens when it is broken. `labels`: what the execution is labelled with then.
    """

    id: str
    behavior: Literal["FAIL", "CANCEL", "NONE"]
    duration: timedelta | None = None
    assertion: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StartCheck:
    """What has to hold for an execution to start; else its message is shown and its behavior applies."""

    condition: str
    message: str
    behavior: Literal["BLOCK_EXECUTION", "FAIL_EXECUTION", "CREATE_EXECUTION"] = "BLOCK_EXECUTION"


@dataclass(frozen=True, slots=True)
class Trigger:
    """One declared trigger."""

    id: str
    type: str
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Flow:
    """One revision of a flow. `source`: the YAML it was read from."""

    id: str
    namespace: str
    tasks: tuple[Task, ...]
    source: str = ""
    revision: int = 1
    description: str | None = None
    errors: tuple[Task, ...] = ()
    finally_: tuple[Task, ...] = ()
    after_execution: tuple[Task, ...] = ()
    listeners: tuple[Task, ...] = ()
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    retry: Retry | None = None
    concurrency: Concurrency | None = None
    agreements: tuple[Agreement, ...] = ()
    """`sla`."""
    checks: tuple[StartCheck, ...] = ()
    disabled: bool = False
    properties: Mapping[str, Any] = field(default_factory=dict)
    """The whole document, for what the models do not hold (pluginDefaults)."""

    def walk(self) -> Iterator[Task]:
        """Give all tasks of the flow, blocks included, in YAML order."""
        for block in (self.tasks, self.errors, self.finally_, self.after_execution, self.listeners):
            for task in block:
                yield from task.walk()

    def task(self, task_id: str) -> Task:
        """Find a task by its id, which is unique in a flow; KeyError if there is none."""
        return self.index[task_id]

    @property
    def index(self) -> Mapping[str, Task]:
        """Give all tasks by id."""
        cached: dict[str, Task] | None = self.__dict__.get("_index")
        if cached is None:
            cached = {task.id: task for task in self.walk()}
            self.__dict__["_index"] = cached  # frozen, yet derived: computed once
        return cached
