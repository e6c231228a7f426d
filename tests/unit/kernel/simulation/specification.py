"""What must come of a flow, said the simplest way: by recursion, one thing after another."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from tests.unit.kernel.simulation.chance import Place, holds, leaf_state
from tests.unit.kernel.simulation.growing import BROKEN, FALSE, TRUE
from tiercel.flows.models import Flow, Retry, Task
from tiercel_orchestrator.kernel import states

Key = tuple[str, tuple[str, ...]]
"""A task and the values of the eaches around it."""


@dataclass(slots=True)
class Record:
    """What has come of a run so far: its state, how often it was tried, the iteration of a loop.

    `by_itself`: a scope has failed, and none of its children is to blame.
    """

    state: str
    attempts: int = 0
    iteration: int = 0
    by_itself: bool = False

    @property
    def failed(self) -> bool:
        """Whether a restart runs it again."""
        return self.state in states.UNSUCCESSFUL


class Specification:
    """Works out the end of an execution from the records that it begins with.

    `found`: the runs that there are in the end. Where one of several that run side by side fails, others may
    not have begun yet; which ones is left to the schedule, so those that are not found are not asked for.
    """

    def __init__(
        self, seed: int, era: int, flow: Flow, records: dict[Key, Record], found: Collection[Key]
    ) -> None:
        self.seed, self.era, self.flow = seed, era, flow
        self.records = records
        self.found = found

    def execution(self) -> str:
        """Give the state in which the execution ends."""
        flow, place = self.flow, Place()
        blocks = [alive(block) for block in (flow.tasks, flow.errors, flow.finally_, flow.after_execution)]
        failed = self._failed(blocks[0], place)
        if failed:
            self._forget([*blocks[1], *blocks[2]], place)
        elif not self._failed(blocks[2], place) and not self._failed(blocks[3], place):
            self._forget([*blocks[1], *blocks[2]], place)
        self._forget(blocks[3], place)
        worst = self._sequence(blocks[0], place, flow.retry)
        if worst == states.FAILED:
            worst = states.worse(worst, self._sequence(blocks[1], place, flow.retry))
        worst = states.worse(worst, self._sequence(blocks[2], place, flow.retry))
        if any(output.value == BROKEN for output in flow.outputs):
            worst = states.worse(worst, states.FAILED)
        self._sequence(blocks[3], place, flow.retry)
        return worst

    def run(self, one: Task, place: Place, inherited: Retry | None) -> str:
        """Give the state in which a task run ends; what has ended well stays."""
        key = one.id, place.path
        record = self.records.get(key)
        if record is not None and not record.failed:
            return record.state
        if record is None:
            record = self.records[key] = Record(states.CREATED)
        retry = one.retry or inherited
        state = self._outcome(one, place, retry, record)
        if retry and retry.warning_on_retry and state == states.SUCCESS and record.attempts > 1:
            state = states.WARNING if kind_of(one) == "Log" else state
        if state == states.FAILED and one.allow_failure:
            state = states.WARNING
        if state == states.WARNING and one.allow_warning:
            state = states.SUCCESS
        record.state = state
        return state

    def _outcome(self, one: Task, place: Place, retry: Retry | None, record: Record) -> str:
        if one.run_if == FALSE:
            self._forget(children_of(one), place)
            return states.SKIPPED
        if one.run_if == BROKEN or no_case(one):
            self._forget(children_of(one), place)
            return self._tries(record, retry, lambda attempt: states.FAILED)
        if kind_of(one) == "Log":
            return self._tries(
                record, retry, lambda attempt: leaf_state(self.seed, self.era, one.id, place, attempt)
            )
        # a scope with errors tries again by itself, so what it inherits is not for its children
        inherited = (None if one.block("errors") else one.retry) if one.retry else retry
        if record.failed and kind_of(one) == "WorkingDirectory":
            self._forget(children_of(one), place)  # its files are gone
        state = self._scope(one, place, inherited, record)
        return states.WARNING if state == states.FAILED and kind_of(one) == "AllowFailure" else state

    def _tries(self, record: Record, retry: Retry | None, outcome: Callable[[int], str]) -> str:
        """Try until it goes well or the retry is used up."""
        while True:
            record.attempts += 1
            state = outcome(record.attempts)
            if state != states.FAILED or retry is None or record.attempts >= (retry.max_attempts or 1):
                return state

    def _scope(self, one: Task, place: Place, retry: Retry | None, record: Record) -> str:
        own = one.retry.max_attempts or 1 if one.retry else 1
        for tries in range(1, own + 1):
            worst = self._tasks(one, place, retry, record)
            if worst != states.FAILED or not one.block("errors"):
                break
            inner = self._inner(one, place, record)
            together = kind_of(one) == "Parallel"
            errors = (
                self._together(one.block("errors"), inner, retry, as_limit(one))
                if together
                else self._sequence(one.block("errors"), inner, retry)
            )
            worst = states.worse(worst, errors)
            if tries == own:
                break
        last = self._sequence(one.block("finally"), self._inner(one, place, record), retry)
        return states.worse(worst, last)

    def _tasks(self, one: Task, place: Place, retry: Retry | None, record: Record) -> str:
        """Run the block of a scope, or what of it has failed before; if nothing has, all of it anew."""
        block, blocks = block_of(one), children_of(one)
        inner = self._inner(one, place, record)
        again = any(self._failed(block, each) for each in self._places(one, inner))
        if again:
            self._forget([*one.block("errors"), *one.block("finally")], inner)
        elif record.by_itself or not self._failed(one.block("finally"), inner):
            self._forget(blocks, inner)
            record.iteration, record.by_itself = 0, False
        match kind_of(one):
            case "Parallel":
                return self._together(block, inner, retry, as_limit(one))
            case "Dag":
                return self._graph(one, inner, retry)
            case "ForEach" | "EachParallel":
                return self._each(one, inner, retry)
            case "LoopUntil":
                return self._loop(one, place, retry, record)
            case "Pause":
                behavior = one.params.get("behavior")
                if behavior == "FAIL":
                    record.by_itself = True
                    return states.FAILED
                worst = states.WARNING if behavior == "WARN" else states.SUCCESS
                return states.worse(worst, self._sequence(block, inner, retry))
        return self._sequence(block, inner, retry)

    def _sequence(self, block: Sequence[Task], place: Place, retry: Retry | None) -> str:
        worst = states.SUCCESS
        for one in alive(block):
            state = self.run(one, place, retry)
            worst = states.worse(worst, state)
            if state == states.FAILED:
                break
        return worst

    def _together(self, block: Sequence[Task], place: Place, retry: Retry | None, limit: int) -> str:
        if limit == 1:
            return self._sequence(block, place, retry)
        ended = {(one.id, place.path): self.run(one, place, retry) for one in alive(block)}
        return self._of_those_that_began(ended, block)

    def _graph(self, one: Task, place: Place, retry: Retry | None) -> str:
        block, depends_on = block_of(one), one.params["dependsOn"]
        known = {child.id for child in block}
        ended: dict[Key, str] = {}
        for child in block:
            needed = [(before, place.path) for before in depends_on[child.id] if before in known]
            if all(ended.get(before, states.FAILED) != states.FAILED for before in needed):
                ended[child.id, place.path] = self.run(child, place, retry)
        return self._of_those_that_began(ended, block)

    def _each(self, one: Task, place: Place, retry: Retry | None) -> str:
        block, ended = block_of(one), dict[Key, str]()
        at_once = kind_of(one) == "EachParallel"
        for each in self._places(one, place):
            of_value: dict[Key, str] = {}
            for child in block:
                of_value[child.id, each.path] = state = self.run(child, each, retry)
                if state == states.FAILED and not at_once:
                    break
            ended |= of_value
            if states.FAILED in of_value.values() and as_limit(one) == 1:
                break
        return self._of_those_that_began(ended, block)

    def _of_those_that_began(self, ended: dict[Key, str], block: Sequence[Task]) -> str:
        began = {key: state for key, state in ended.items() if key in self.found}
        if states.FAILED in began.values():
            for key in ended.keys() - began.keys():
                self._forget([one for one in block if one.id == key[0]], Place(key[1]))
            ended = began
        return reduce(states.worse, ended.values(), states.SUCCESS)

    def _loop(self, one: Task, place: Place, retry: Retry | None, record: Record) -> str:
        worst = states.SUCCESS
        while True:
            inner = self._inner(one, place, record)
            worst = states.worse(worst, self._sequence(block_of(one), inner, retry))
            holding = holds(self.seed, one.id, place, record.iteration)
            if worst == states.FAILED:
                return worst
            exhausted = record.iteration + 1 > one.params["checkFrequency"]["maxIterations"]
            if holding is None or (holding == "false" and exhausted and one.params["failOnMaxReached"]):
                record.by_itself = True
                return states.FAILED
            if holding == "true" or exhausted:
                return worst
            record.iteration += 1
            self._forget(children_of(one), inner)

    def _inner(self, one: Task, place: Place, record: Record) -> Place:
        """Give the place of the children of a scope."""
        return (
            replace(place, turns=(*place.turns, record.iteration)) if kind_of(one) == "LoopUntil" else place
        )

    def _places(self, one: Task, place: Place) -> list[Place]:
        """Give the places of the children in a scope's block: of an each, one for every value."""
        values = one.params.get("values", one.params.get("value"))
        if kind_of(one) not in ("ForEach", "EachParallel"):
            return [place]
        return [replace(place, path=(*place.path, value)) for value in values]

    def _failed(self, block: Iterable[Task], place: Place) -> bool:
        """Say whether any of these has failed before."""
        return any(
            record.failed for one in block if (record := self.records.get((one.id, place.path))) is not None
        )

    def _forget(self, block: Iterable[Task], place: Place) -> None:
        """Forget runs, and all below them."""
        gone = {below.id for one in block for below in one.walk()}
        depth = len(place.path)
        for key in [key for key in self.records if key[0] in gone and key[1][:depth] == place.path]:
            del self.records[key]


def alive(block: Iterable[Task]) -> list[Task]:
    """Leave out what is disabled."""
    return [one for one in block if not one.disabled]


def kind_of(one: Task) -> str:
    """Give the last word of a type."""
    return one.type.rpartition(".")[2]


def as_limit(one: Task) -> int:
    """Give how many children, or values, may run at once; 0 means all."""
    return int(one.params.get("concurrencyLimit", one.params.get("concurrent", 0)))


def block_of(one: Task) -> list[Task]:
    """Give the children that a scope's plan is about."""
    match kind_of(one):
        case "If":
            return [*one.block("then" if one.params["condition"] == TRUE else "else")]
        case "Switch":
            case = "cases." + ("b" if one.params["value"] == "{{ 'b' }}" else one.params["value"])
            return [*one.block(case if case in one.blocks else "defaults")]
    return [*one.block("tasks")]


def children_of(one: Task) -> list[Task]:
    """Give all children of a scope, those of its errors too."""
    return [child for block in one.blocks.values() for child in block]


def no_case(one: Task) -> bool:
    """Say whether a Switch has nothing for its value."""
    return kind_of(one) == "Switch" and one.params["value"] == "c" and not one.blocks.get("defaults")
