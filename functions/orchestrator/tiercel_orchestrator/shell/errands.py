"""What task runs elsewhere ask for, done as a task of this process would have it done."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from tiercel import clock
from tiercel.errors import TiercelError
from tiercel.operations import Operations, Purge, TriggerName
from tiercel_orchestrator.store.errands import Errand, Errands
from tiercel_orchestrator.store.port import StoreUnavailable

if TYPE_CHECKING:
    from tiercel_orchestrator.shell.engine import Engine

Asked: TypeAlias = Mapping[str, Any]

TAKEN_FOR = timedelta(minutes=5)
"""How long an errand is ours; one whose taker has died is done again after that."""
AT_ONCE = 16
BUSY_SECONDS, IDLE_SECONDS = 0.3, 10.0
"""How often to look while families elsewhere work for us, and while none does."""

logger = logging.getLogger("tiercel.errands")


class Attendant:
    """Does the errands of a store while an engine runs; with `called` set, it looks at once."""

    def __init__(self, engine: "Engine", errands: Errands) -> None:
        self.engine = engine
        self.errands = errands
        self.called = asyncio.Event()

    async def run(self) -> None:
        """Do errands until cancelled; while the store cannot be used, they wait in it."""
        while True:
            self.called.clear()
            try:
                await self.look()
            except StoreUnavailable:
                pass
            except Exception:
                logger.exception("errands could not be looked for")
            seconds = BUSY_SECONDS if self.engine.work.dispatcher.elsewhere else IDLE_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.called.wait()

    async def look(self) -> None:
        """Do what waits."""
        now = clock.now()
        found = await self.engine.in_store(self.errands.take, now, now + TAKEN_FOR, AT_ONCE)
        await asyncio.gather(*map(self._do, found))

    async def _do(self, errand: Errand) -> None:
        operations = self.engine.services.operations
        try:
            answer = await asyncio.to_thread(VERBS[errand.verb], operations, errand.asked)
        except StoreUnavailable:
            raise
        except TiercelError as error:
            await self.engine.in_store(self.errands.refuse, errand.id, str(error))
        except Exception as error:
            logger.exception("errand %s could not be done", errand)
            why = f"The engine could not do it ({type(error).__name__}), by a bug of its own; see its log."
            await self.engine.in_store(self.errands.refuse, errand.id, why)
        else:
            await self.engine.in_store(self.errands.answer, errand.id, answer)


def purge(operations: Operations, asked: Asked) -> dict[str, Any]:
    """Remove executions, or what belongs to them."""
    wanted = Purge(**{name: asked[name] for name in ("executions", "logs", "metrics", "files")})
    return asdict(operations.purge(asked["execution_ids"], wanted))


def resume(operations: Operations, asked: Asked) -> dict[str, Any]:
    """Go on with a paused execution."""
    operations.resume(asked["execution_id"], asked["inputs"])
    return {}


def switch_trigger(operations: Operations, asked: Asked) -> dict[str, Any]:
    """Switch a trigger on or off."""
    name = TriggerName(asked["namespace"], asked["flow_id"], asked["id"])
    operations.switch_trigger(name, asked["enabled"])
    return {}


VERBS: Mapping[str, Callable[[Operations, Asked], dict[str, Any]]] = {
    "purge": purge,
    "resume": resume,
    "switch_trigger": switch_trigger,
}
