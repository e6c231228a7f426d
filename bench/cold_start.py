"""CPU from process start to the first answered `/health` of each family, called with API Gateway's event."""

import json

from bench.measuring import Cost, interleaved, python, table, verdict
from tiercel.registry import Registry

BAR = 1.15
EVENT = {
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
CALL = f"""
answer = handler(json.loads({json.dumps(json.dumps(EVENT))}), None)
assert answer["statusCode"] == 200, answer
print("\\n".join(sys.modules))
"""
BARE = f"""
import asyncio, json, sys
from fastapi import FastAPI
from mangum import Mangum
app = FastAPI()
@app.get("/health")
async def health():
    return {{"status": "ok"}}
asyncio.set_event_loop(asyncio.new_event_loop())
handler = Mangum(app, lifespan="off")
{CALL}"""
DRIVERS = ("duckdb", "boto3", "botocore", "obstore", "sqlite3", "babel", "jq", "httpx", "jinja2")


def family_code(package: str) -> str:
    """Write the program that answers one call with a family's Lambda handler."""
    return f"import json, sys\nfrom {package}.app import handler\n{CALL}"


def imported_too_early(package: str, modules: set[str]) -> list[str]:
    """List plugin modules of the family, and drivers, that a health check has imported."""
    doors = {package, f"{package}.app"}
    plugins = {name for name in modules if name.startswith(f"{package}.")} - doors
    return sorted(plugins | {name for name in DRIVERS if name in modules})


def main() -> None:
    """Measure all installed families against bare FastAPI and Mangum."""
    packages = [family.package for family in Registry.installed().families.values()]
    programs = {"bare FastAPI + Mangum": BARE, **{package: family_code(package) for package in packages}}
    last: dict[str, Cost] = {}

    def cpu(name: str) -> float:
        last[name] = python(programs[name], {"PYTHONWARNINGS": "ignore"})
        return last[name].cpu_seconds * 1000

    taken = interleaved({name: lambda name=name: cpu(name) for name in programs})  # type: ignore[misc]
    floor = taken["bare FastAPI + Mangum"].median
    rows = []
    for name, spread in taken.items():
        early = imported_too_early(name, set(last[name].output.split())) if name in packages else []
        ratio = spread.median / floor
        judged = verdict(ratio, BAR) if name in packages else "floor"
        rows.append([name, spread.text(0), f"{ratio:.3f}", judged, ", ".join(early) or "none"])
    header = ["app", "CPU ms to first /health", "ratio", "verdict", "plugin modules and drivers imported"]
    table("Cold start: CPU of a process that answers one /health", header, rows)


if __name__ == "__main__":
    main()
