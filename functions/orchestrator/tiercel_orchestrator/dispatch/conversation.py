"""One task run's exchange with its family: sent, waited for, polled, and sent again when it was lost."""

import asyncio
import contextlib
import itertools
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tiercel.envelope import Envelope, Result
from tiercel.errors import Retriable, TaskFailed, TiercelError
from tiercel.http.client import HttpClient, Response, retry_after
from tiercel_orchestrator.dispatch.lanes import Lane
from tiercel_orchestrator.dispatch.refusals import failed, no_family, refusal, result_of
from tiercel_orchestrator.dispatch.routes import Target
from tiercel_orchestrator.dispatch.tokens import Tokens

BUSY = (429, 502, 503, 504)
"""Not now: the family has too much to do, or a gateway did not reach it."""
RUN = re.compile(r"/v1/runs/([\w-]+)$")
ANSWER_SECONDS = 15.0
"""How much longer than it was asked to wait a family may take to answer."""
LOSSES = 3
"""How often a family may forget a run that it took on: each time the task runs again."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient an orchestrator is. `wait_seconds`: how long a call waits before it becomes a run."""

    patience_seconds: float = 300.0
    first_pause_seconds: float = 0.2
    longest_pause_seconds: float = 10.0
    wait_seconds: int = 25
    stop_seconds: float = 10.0

    def pauses(self) -> Iterator[float]:
        """Give pauses that grow, without end."""
        for number in itertools.count():
            grown = self.first_pause_seconds * 1.6 ** min(number, 50)
            yield min(grown, self.longest_pause_seconds)


class Conversation:
    """Brings one envelope to a family and its answer back. `note` is told of what makes it take longer."""

    def __init__(
        self,
        family: str,
        target: Target,
        lane: Lane,
        envelope: Envelope,
        client: HttpClient,
        tokens: Tokens,
        pace: Pace,
        note: Callable[[str], None],
    ) -> None:
        self.family = family
        self.target = target
        self.lane = lane
        self.envelope = envelope
        self.client = client
        self.tokens = tokens
        self.pace = pace
        self.note = note
        self.body = envelope.model_dump_json(by_alias=True)
        self.prefer = True
        self.run_id: str | None = None

    async def result(self) -> Result:
        """Give the task's result, whatever it takes within the limits of patience."""
        try:
            for loss in range(1, LOSSES + 1):
                answer = await self._submit()
                result = answer or await self._follow()
                if result is not None:
                    return result
                self.note(f"family '{self.family}' has lost the task ({loss} of {LOSSES}); sending it again")
        except Retriable as error:
            return failed("Retriable", str(error), retry_after=error.retry_after)
        except TaskFailed as error:
            return failed("TaskFailed", str(error))
        return failed(
            "Retriable",
            f"Family '{self.family}' at {self.target.url} took the task on {LOSSES} times and lost it: "
            "its process seems to end over it; its log says why.",
        )

    async def _submit(self) -> Result | None:
        """Send the envelope; None where the family took it on and the result is to be fetched."""
        self.run_id = None
        await self.lane.opened()
        answer = await self._post(self.pace.wait_seconds if self.prefer else None)
        if answer.status == 501 and self.prefer:
            self.prefer = False  # a function that stops once it has answered promises nothing
            return await self._submit()
        if answer.status == 200:
            return result_of(_json(answer)) or no_family(self.family, answer)
        self.run_id = _run_of(answer)
        return None if self.run_id else refusal(self.family, answer)

    async def _post(self, wait_seconds: int | None) -> Response:
        run = self.envelope.context
        headers = {
            "Content-Type": "application/json",
            # the same for each time that this dispatch is sent: the family runs it once
            "Idempotency-Key": f"{run.task_run_id}.{run.attempt}.{run.lease}",
        }
        if wait_seconds is not None:
            headers["Prefer"] = f"respond-async, wait={wait_seconds}"
        seconds = self.pace.wait_seconds + ANSWER_SECONDS
        return await self._ask("POST", "/execute", headers, content=self.body, timeout_seconds=seconds)

    async def _follow(self) -> Result | None:
        """Ask for the run until it has ended; None where the family knows it no more."""
        for pause in self.pace.pauses():
            await asyncio.sleep(pause)
            answer = await self._ask("GET", f"/v1/runs/{self.run_id}")
            if answer.status == 404:
                return None
            document = _json(answer)
            if answer.status != 200 or not isinstance(document, dict):
                return refusal(self.family, answer)
            if document.get("result") is not None:
                return result_of(document["result"]) or no_family(self.family, answer)
        raise AssertionError("pauses have no end")

    async def _ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any
    ) -> Response:
        """Send a request until it is answered; `Retriable` when patience has come to its end."""
        deadline = None
        for pause in self.pace.pauses():
            answer, trouble, seconds = await self._try(method, path, headers or {}, options)
            if answer is not None:
                return answer
            if deadline is None:
                deadline = time.monotonic() + self.pace.patience_seconds
                self.note(f"family '{self.family}' does not answer now: {trouble} Trying again.")
            pause = max(pause, seconds or 0.0)
            if time.monotonic() + pause > deadline:
                raise Retriable(
                    f"Family '{self.family}' did not answer for {self.pace.patience_seconds:g} s: {trouble} "
                    f"Start it at {self.target.url}, or correct its URL.",
                    retry_after=seconds,
                )
            await asyncio.sleep(pause)
        raise AssertionError("pauses have no end")

    async def _try(
        self, method: str, path: str, headers: dict[str, str], options: dict[str, Any]
    ) -> tuple[Response | None, str, float | None]:
        """Send a request once; gives the answer, or what was wrong and how long to wait."""
        url = self.target.url + path
        shown = self.tokens.headers(
            method, url, options.get("content", ""), self.envelope.context, self.family
        )
        headers = {**headers, **shown}
        try:
            answer = await self.client.request(
                method, url, headers=headers, check=False, follow_redirects=False, **options
            )
        except Retriable as error:
            return None, str(error), None
        if answer.status not in BUSY:
            return answer, "", None
        seconds = retry_after(answer.headers.get("retry-after"))
        if seconds is not None:
            self.lane.close(min(seconds, self.pace.patience_seconds))
        return None, f"{method} {answer.url} answered {answer.status}.", seconds

    async def stop(self) -> None:
        """Tell the family to stop the task; whether it does or not, nobody waits for it any more."""
        with contextlib.suppress(TiercelError, TimeoutError):
            async with asyncio.timeout(self.pace.stop_seconds):
                if self.run_id is None:  # the key leads to the run that a call still waits for
                    self.run_id = _run_of(await self._post(0))
                if self.run_id is not None:
                    await self._ask("DELETE", f"/v1/runs/{self.run_id}")


def _json(answer: Response) -> Any:
    try:
        return answer.json()
    except TiercelError:
        return None


def _run_of(answer: Response) -> str | None:
    """Read from an answer which run it promises: the family's base may stand before the path, or not."""
    found = RUN.search(answer.headers.get("location", ""))
    return found[1] if found and answer.status in (200, 202) else None
