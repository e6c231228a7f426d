"""One simulated execution: a flow, a schedule and its mishaps, all drawn from one seed."""

from collections.abc import Callable
from random import Random

from tests.unit.kernel.simulation.growing import Grower
from tests.unit.kernel.simulation.specification import Key, Record, Specification, alive
from tests.unit.kernel.simulation.world import ROOT, World
from tiercel_orchestrator.kernel import shards, states
from tiercel_orchestrator.kernel.events import (
    Event,
    GoOnRequested,
    KillRequested,
    PauseRequested,
    RestartRequested,
    Resumed,
    Started,
)
from tiercel_orchestrator.kernel.rows import Frame, TaskRun

MOST_STEPS = 20_000


class Stuck(AssertionError):
    """Nothing can happen any more, and the execution has not ended."""


class Player:
    """Plays one seed; the number of steps says how much there was to it."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.seed = seed
        self.flow = Grower(self.random).flow()
        self.world = World(seed, self.flow, self.random)
        calm = self.random.random() < 0.3
        self.losses, self.doubles, self.pauses = (
            (0.0, 0.0, 0.0) if calm else (self.random.choice([0.0, 0.02, 0.2]) for _ in range(3))
        )
        self.kill_at = self.random.randint(1, 70) if self.random.random() < 0.4 else 0
        self.restarts = self.random.randint(0, 3)
        self.steps = 0
        self.killed = False
        """Whether somebody killed it, or some scope's time was over: how it ends depends on when."""
        self.late = self.random.choice([0.0, 0.0, 0.0, 0.02])
        self.records: dict[Key, Record] = {}

    def play(self) -> int:
        """Play to the end, restarts included; gives how many steps it took."""
        self.world.feed(Started(ROOT))
        while True:
            self._to_the_end()
            self._check_end()
            if self.random.random() < 0.5:
                self._drain()
            if self.world.era == self.restarts or not self._restart():
                self._drain()
                return self.steps

    def _to_the_end(self) -> None:
        while not self.world.root.ended:
            self.steps += 1
            assert self.steps < MOST_STEPS, "there is no end to it"
            if self.steps == self.kill_at:
                self.world.feed(KillRequested(ROOT))
                self.killed = True
            else:
                self._step()

    def _step(self) -> None:
        world, random = self.world, self.random
        leased = [run for run in world.runs.values() if run.work == "leased"]
        if leased and random.random() < self.losses:
            world.give_back(random.choice(leased))
            return
        if random.random() < self.late and world.run_out():
            self.killed = True
            return
        if random.random() < self.pauses:
            asked: list[Event] = [PauseRequested(ROOT), GoOnRequested(ROOT), RestartRequested(ROOT)]
            world.feed(random.choice(asked))
            return
        told = {event.run_id for event in world.on_the_way}
        often = random.random() < self.doubles
        claims = [run for run in world.due() if often or run.id not in told]
        paused = [run for run in world.runs.values() if run.work == "paused" and run.due_at is None]
        moves: list[Callable[[], object]] = [self._deliver] * len(world.on_the_way)
        moves += [lambda run=run: world.claim(run) for run in claims]  # type: ignore[misc]
        moves += [lambda run=run: world.feed(Resumed(run.id)) for run in paused]  # type: ignore[misc]
        if moves:
            random.choice(moves)()
        elif not world.forward():
            self._go_on()

    def _deliver(self) -> None:
        world = self.world
        position = self.random.randrange(len(world.on_the_way))
        event = world.on_the_way[position]
        if self.random.random() >= self.doubles:
            del world.on_the_way[position]
        world.feed(event)

    def _go_on(self) -> None:
        root = self.world.root
        if root.frame is None or not root.frame.held:
            waiting = [
                (run.task_id, run.state, run.work) for run in self.world.runs.values() if not run.ended
            ]
            raise Stuck(f"stuck: {waiting}")
        self.world.feed(GoOnRequested(ROOT))

    def _drain(self) -> None:
        """Let what is late come in: nothing changes by it."""
        while self.world.on_the_way:
            decision = self.world.feed(self.world.on_the_way.pop())
            assert decision is None or decision.ignored, "what came after the end was applied"

    # -- the end, and what comes after

    def _check_end(self) -> None:
        world = self.world
        live = [run.task_id for run in world.runs.values() if not run.ended]
        assert not live, f"it has ended, and these live: {live}"
        if self.killed:
            return
        shown = [run for run in world.runs.values() if run.shown]
        found = {(run.task_id or "", run.path): run.state for run in shown}
        specification = Specification(self.seed, world.era, self.flow, self.records, found.keys())
        expected = specification.execution()
        wanted = {key: record.state for key, record in specification.records.items()}
        different = {
            key: f"{found.get(key)}, not {wanted.get(key)}"
            for key in {*found, *wanted}
            if found.get(key) != wanted.get(key)
        }
        assert not different, f"task runs are {different}"
        assert world.execution.state == expected, f"it ended {world.execution.state}, not {expected}"

    def _restart(self) -> bool:
        """Restart what has failed; the next era goes by what is there now."""
        world = self.world
        records = {(run.task_id or "", run.path): recorded(run) for run in world.runs.values() if run.shown}
        blocks = (self.flow.tasks, self.flow.finally_, self.flow.after_execution)
        tops = [one.id for block in blocks for one in alive(block)]
        failed = any(records[top, ()].failed for top in tops if (top, ()) in records)
        decision = world.feed(RestartRequested(ROOT))
        possible = failed or world.execution.state in (*states.UNSUCCESSFUL, states.RESTARTED)
        assert decision is not None and (decision.refused is None) == possible, f"refused: {decision}"
        if possible:
            world.era += 1
            self.records, self.killed = records, False
            self.kill_at = self.steps + self.random.randint(1, 40) if self.random.random() < 0.2 else 0
        return possible


def recorded(run: TaskRun) -> Record:
    """Say what has come of a task run so far."""
    frame = run.frame or Frame()
    return Record(run.state, len(run.attempts), frame.iteration, frame.own == states.FAILED)


def play(seed: int) -> int:
    """Play a seed; an AssertionError says what went wrong, and with which seed."""
    player = Player(seed)
    wide, count = shards.WIDE, shards.SHARDS
    if seed % 2:
        shards.WIDE, shards.SHARDS = 1, 2  # what takes many values elsewhere is seen with two
    try:
        return player.play()
    except Exception as error:
        raise AssertionError(
            f"seed {seed}, step {player.steps}, era {player.world.era}: {error!r}; "
            f"SEED={seed} make simulate plays it again"
        ) from error
    finally:
        shards.WIDE, shards.SHARDS = wide, count
