"""From a process's start to its first answer, through Lambda's Runtime API: each family, each door.

The processes are awslambdaric's, the Runtime API is that of `tiercel gateway`. Beside the families stand bare
functions in the same rounds; a driver's import is taken apart.
"""

import asyncio
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bench.measuring import ROUNDS, Spread, python, spread, table, verdict
from tiercel.registry import Registry
from tiercel_orchestrator.cli.gateway import functions_of
from tiercel_orchestrator.gateway.functions import Function

WEB, PLAIN = "bare FastAPI + Mangum", "bare handler + pydantic"
BARS = {"http": 1.15, "direct": 1.3, "sqs": 1.3}
HEALTH: dict[str, Any] = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/health",
    "rawQueryString": "",
    "headers": {"host": "localhost"},
    "requestContext": {
        "http": {"method": "GET", "path": "/health", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
        "stage": "$default",
        "domainName": "localhost",
        "requestId": "1",
    },
    "isBase64Encoded": False,
}
LOG: dict[str, Any] = {
    "taskType": "io.kestra.plugin.core.log.Log",
    "params": {"message": "Hello {{ inputs.name }}"},
}
LOG["context"] = {"variables": {"inputs": {"name": "world"}}}
NOBODY = {"taskType": "com.acme.Nothing"}
"""A type that no family has: what the door costs, and no plugin."""
DRIVERS = {
    "duckdb, connected": "import duckdb; duckdb.connect()",
    "boto3, a client of SQS": "import boto3; boto3.client('sqs', region_name='eu-central-1')",
    "obstore": "import obstore",
    "httpx, a client": "import httpx; httpx.AsyncClient()",
    "Powertools' formatter": "from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter",
}
SETTINGS = {
    "TIERCEL_JWT_SECRET": "x" * 32,
    "PYTHONWARNINGS": "ignore",
    # without a queue of results a worker's result is a line of its log
    "POWERTOOLS_LOG_LEVEL": "ERROR",
}


class Start(NamedTuple):
    """One cold start: of which function, with what event, through which door, beside which other one."""

    function: str
    event: Mapping[str, Any]
    door: str
    beside: str | None = None


def batch(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """Write an envelope as SQS hands it to a function."""
    return {"Records": [{"eventSource": "aws:sqs", "messageId": "m1", "body": json.dumps(envelope)}]}


def starts(families: list[str]) -> dict[str, Start]:
    """List what is measured."""
    found = {
        WEB: Start("web", HEALTH, "http"),
        PLAIN: Start("plain", NOBODY, "direct"),
        f"{PLAIN}, a batch": Start("plain", batch(NOBODY), "sqs"),
    }
    for family in families:
        found[f"{family}: /health"] = Start(family, HEALTH, "http", WEB)
        found[f"{family}: direct"] = Start(family, NOBODY, "direct", PLAIN)
        found[f"{family}: SQS"] = Start(family, batch(NOBODY), "sqs", f"{PLAIN}, a batch")
    found["core: direct, a Log that renders"] = Start("core", LOG, "direct", PLAIN)
    return found


async def cold(function: Function, event: Mapping[str, Any]) -> tuple[float, float]:
    """Start a process, have it answer one event, end it; gives its CPU and the wait for the answer, in ms."""
    before, started = cpu_of_children(), time.perf_counter()
    answer = await function.invoke(event)
    wall = time.perf_counter() - started
    assert answer.get("statusCode", 200) == 200 and "errorMessage" not in answer, answer
    await function.close()
    return (cpu_of_children() - before) * 1000, wall * 1000


def cpu_of_children() -> float:
    """Give the CPU seconds of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


async def measured(families: dict[str, str], rounds: int) -> dict[str, tuple[Spread, Spread]]:
    """Take every start once a round; the first round, which compiles, does not count."""
    handlers = {"web": "bench.floors.web.handler", "plain": "bench.floors.plain.handler", **families}
    listed = starts(list(families))
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in listed}
    with tempfile.TemporaryDirectory() as home:
        async with functions_of(handlers, Path(home)) as functions:
            for number in range(rounds + 1):
                for name, start in listed.items():
                    cost = await cold(functions[start.function], start.event)
                    if number:
                        taken[name].append(cost)
    return {
        name: (spread([cpu for cpu, _ in costs]), spread([wall for _, wall in costs]))
        for name, costs in taken.items()
    }


def main(rounds: str = str(ROUNDS)) -> None:
    """Measure all installed families."""
    os.environ |= SETTINGS
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    families = {
        name: f"{family.package}.app.handler" for name, family in Registry.installed().families.items()
    }
    listed, taken = starts(list(families)), asyncio.run(measured(families, int(rounds)))
    rows = []
    for name, (cpu, wall) in taken.items():
        beside = listed[name].beside
        ratio = cpu.median / taken[beside][0].median if beside else 1.0
        judged = verdict(ratio, BARS[listed[name].door]) if beside else "floor"
        waited = f"{wall.median / taken[beside][1].median:.2f}" if beside else ""
        rows.append([name, cpu.text(0), f"{ratio:.2f}", judged, wall.text(0), waited])
    header = ["function and door", "CPU ms", "ratio", "verdict", "wall ms", "ratio"]
    table(f"Cold start, process start to first answer, {rounds} rounds", header, rows)
    nothing = python("pass").cpu_seconds
    costs = {name: spread([python(code).cpu_seconds for _ in range(5)]) for name, code in DRIVERS.items()}
    rows = [[name, f"{(cost.median - nothing) * 1000:.0f}"] for name, cost in costs.items()]
    table("Imported when first needed", ["driver", "CPU ms"], rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
