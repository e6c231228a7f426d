"""Executions that somebody asked for by SQL: taken up by the ordinary path, or refused with the reason."""

import logging
from typing import TYPE_CHECKING

from tiercel import clock
from tiercel.errors import Retriable, TiercelError
from tiercel_orchestrator.shell.starting import StartRequest
from tiercel_orchestrator.store.port import Requested, StoreUnavailable

if TYPE_CHECKING:
    from tiercel_orchestrator.shell.engine import Engine

BATCH = 100

logger = logging.getLogger("tiercel.requests")


async def take_up(engine: "Engine") -> None:
    """Begin with all executions that are asked for.

    Another orchestrator may do so at the same time: the id is the request's, and an execution that exists
    is left as it is. What the world kept from starting waits for the next time.
    """
    after = 0
    while found := await engine.in_store(engine.store.waiting_requests, after, BATCH):
        for request in found:
            await _take(engine, request)
        after = found[-1].position


async def _take(engine: "Engine", request: Requested) -> None:
    try:
        wanted = StartRequest(
            request.namespace, request.flow_id, request.revision, request.inputs, labels=request.labels
        )
        await engine.create(await engine.prepare(wanted, request.id))
    except (Retriable, StoreUnavailable) as error:
        logger.warning("execution %s cannot be started now: %s", request.id, error)
    except TiercelError as error:
        await _refuse(engine, request, str(error))
    except Exception as error:
        logger.exception("execution %s cannot be started", request.id)
        why = (
            f"The engine could not start it ({type(error).__name__}), by a bug of its own; its log says more."
        )
        await _refuse(engine, request, why)


async def _refuse(engine: "Engine", request: Requested, reason: str) -> None:
    logger.warning("execution %s is refused: %s", request.id, reason)
    await engine.in_store(engine.store.refuse, request.id, reason)


def unstarted(request: Requested | None, execution_id: str) -> str:
    """Say why there is no such execution: nobody asked for it, it waits, or it was refused."""
    if request is None:
        return f"There is no execution '{execution_id}' in this store; `tiercel executions` lists them."
    if request.refusal is None:
        return f"Execution '{execution_id}' waits for an orchestrator on this store; run `tiercel server`."
    asked = clock.timestamp(request.asked_at)
    return f"Execution '{execution_id}', asked for at {asked}, was refused: {request.refusal}"
