"""CPU of a warm `/execute` of Log through the Lambda handler, its token checked, beside FastAPI + Mangum."""

import asyncio
import json
import logging
import os
import tempfile
import time
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from bench.cold_start import HEALTH, LOG
from bench.measuring import cpu_of, interleaved, table, verdict
from tiercel.http.signed_requests import SharedSecrets
from tiercel.http.signing import TokenKeys

CALLS = 500
BAR_MS = 1.0
BODY = json.dumps(LOG)
SECRET = "a secret that only this measurement knows"

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


class Context:
    """What Lambda hands over beside an event."""

    aws_request_id = "1"

    def get_remaining_time_in_millis(self) -> int:
        """Give a function's whole time."""
        return 30_000


def event(authorization: str | None = None) -> dict[str, Any]:
    """Write the event of a POST, as the gateway does."""
    headers = {"host": "localhost", "content-type": "application/json"}
    if authorization:
        headers["authorization"] = authorization
    http = {**HEALTH["requestContext"]["http"], "method": "POST", "path": "/execute"}
    request = {**HEALTH["requestContext"], "http": http}
    return {
        **HEALTH,
        "rawPath": "/execute",
        "headers": headers,
        "requestContext": request,
        "body": BODY,
    }


def bare() -> Handler:
    """Build the floor: FastAPI and Mangum, JSON in, JSON out."""
    from fastapi import FastAPI
    from mangum import Mangum

    app = FastAPI()

    @app.post("/execute")
    async def execute(body: dict[str, Any]) -> dict[str, Any]:
        return body

    return Mangum(app, lifespan="off")


def family(**settings: str) -> Handler:
    """Build the core family's handler under some settings."""
    from tiercel.adapters.aws_lambda import LambdaHandler
    from tiercel.settings import Settings
    from tiercel_core import FAMILY

    home = tempfile.mkdtemp(prefix="tiercel-bench-")
    read = Settings.read({**settings, "TIERCEL_HOME": home, "AWS_LAMBDA_FUNCTION_NAME": "core"})
    return LambdaHandler(FAMILY, settings=read)


def main() -> None:
    """Measure all, the calls one after another."""
    os.environ["TIERCEL_HOME"] = tempfile.mkdtemp(prefix="tiercel-bench-")
    logging.disable(logging.CRITICAL)
    private = {**ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True), "alg": "ES256"}
    public = {name: value for name, value in private.items() if name != "d"}
    claims = {"sub": "bench", "exp": int(time.time()) + 3600}
    by_secret, by_key = (
        TokenKeys(secret=SECRET).sign(claims),
        TokenKeys(document=json.dumps(private)).sign(claims),
    )
    secrets = SharedSecrets(SECRET)
    # a signature is good once, so signing is measured, too
    events: dict[str, tuple[Handler, Callable[[], dict[str, Any]]]] = {
        "bare FastAPI + Mangum, JSON in and out": (bare(), event),
        "/execute of Log, token by a secret (HS256)": (
            family(TIERCEL_JWT_SECRET=SECRET),
            lambda: event(f"Bearer {by_secret}"),
        ),
        "/execute of Log, token by a key (ES256)": (
            family(TIERCEL_JWT_KEY=json.dumps(public)),
            lambda: event(f"Bearer {by_key}"),
        ),
        "/execute of Log, request signed (HMAC)": (
            family(TIERCEL_HMAC_SECRET=SECRET),
            lambda: event(secrets.sign("POST", "/execute", BODY.encode())),
        ),
    }
    asyncio.set_event_loop(asyncio.new_event_loop())

    def milliseconds(name: str) -> float:
        handler, sent = events[name]
        answer = handler(sent(), Context())
        assert answer["statusCode"] == 200, answer

        def many() -> None:
            for _ in range(CALLS):
                handler(sent(), Context())

        return cpu_of(many) / CALLS * 1000

    taken = interleaved({name: lambda name=name: milliseconds(name) for name in events})  # type: ignore[misc]
    floor, *_ = taken.values()
    rows = []
    for name, spread in taken.items():
        over = spread.median - floor.median
        rows.append([name, spread.text(3), f"{over:.3f}", verdict(over, BAR_MS) if over else "floor"])
    header = ["app", "CPU ms a request", "more", "verdict"]
    table(f"Warm /execute through the Lambda handler, {CALLS} calls a round", header, rows)


if __name__ == "__main__":
    main()
