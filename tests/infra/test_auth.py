"""No way to write any of the emitted routes gets around the token or the signature, at any family."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.families import DIRECTORIES, package_of
from tiercel.http.app import create_app
from tiercel.registry import Family
from tiercel.settings import Settings
from tiercel.testing import MemoryServices
from tiercel_orchestrator.gateway.matching import FAMILY, Table

ROOT = Path(__file__).parents[2]
OPENAPI: dict[str, Any] = json.loads((ROOT / "infra/routes/openapi.json").read_text(encoding="utf-8"))
TABLE = Table.read(OPENAPI)
ROUTES = [
    (method.upper(), path.replace("{proxy+}", "a/B"), operation[FAMILY])
    for path, operations in OPENAPI["paths"].items()
    for method, operation in operations.items()
]
VARIANTS = (
    "{}",
    "{}/",
    "{}//",
    "/{}",
    "{}/health",
    "{}?x=/health",
    "{}%2fhealth",
    "{};/health",
    "{}/../health",
    "/health/..{}",
    "/health%2f..{}",
    "/HEALTH{}",
    "{}.json",
    "/./{}",
    "{}%00",
)


def variants(path: str) -> list[str]:
    """Write a path in other ways."""
    encoded = path.replace("a/B", "a%2fB").replace("health", "%68ealth")
    return [*(one.format(path) for one in VARIANTS), path.upper(), path.replace("/", "//"), encoded]


@pytest.mark.parametrize(
    "settings",
    [Settings(jwt_secret="x" * 32, on_lambda=True), Settings(hmac_secret="x" * 32, on_lambda=True)],
)
@pytest.mark.parametrize("directory", DIRECTORIES, ids=lambda one: one.name)
def test_without_a_token_or_a_signature_every_route_however_it_is_written_is_401(
    directory: Path, settings: Settings
) -> None:
    name = directory.name
    opened: set[str] = set()

    async def work(services: MemoryServices) -> None:
        app = create_app(Family.of(package_of(directory)), services, settings=settings)
        transport = httpx.ASGITransport(app, client=("203.0.113.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://api.example") as caller:
            for method, path, _ in ROUTES:
                for variant in variants(path):
                    answer = await caller.request(method, variant, json={})
                    if answer.status_code != 401:
                        assert answer.status_code == 200
                        opened.add(f"{method} {answer.request.url.path}")

    with MemoryServices() as services:
        asyncio.run(work(services))
    assert opened == {f"GET /v1/families/{name}/health"}


def test_the_gateway_leads_every_route_to_the_family_that_checks_it() -> None:
    assert len(ROUTES) > 20
    for method, path, family in ROUTES:
        match = TABLE.match(method, path)
        assert match and match.family == family
