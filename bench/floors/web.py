"""A bare function behind an HTTP API: FastAPI and Mangum, one route."""

import asyncio

from fastapi import FastAPI
from mangum import Mangum

app = FastAPI()


@app.get("/health")
async def health() -> dict[str, str]:
    """Answer."""
    return {"status": "ok"}


asyncio.set_event_loop(asyncio.new_event_loop())
handler = Mangum(app, lifespan="off")
