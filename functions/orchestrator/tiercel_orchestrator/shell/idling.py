"""Whoever waits for an engine to be idle: nothing is left to do now, and it is known when something is."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

Asked: TypeAlias = asyncio.Future[datetime | None]


class Idling:
    """Answers those that had asked before a turn began which left nothing to do."""

    def __init__(self) -> None:
        self.asking: list[Asked] = []

    async def wait(self, running: "asyncio.Task[None]") -> datetime | None:
        """Give the next moment that is known, once nothing is to be done before; the loop's error is ours."""
        asked: Asked = asyncio.get_running_loop().create_future()
        self.asking.append(asked)
        both: set[asyncio.Future[Any]] = {asked, running}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            running.result()
        return asked.result()

    def answer(self, asked: Sequence[Asked], due: datetime | None) -> None:
        """Tell when there is something to do next."""
        for one in asked:
            self.asking.remove(one)
            if not one.done():
                one.set_result(due)
