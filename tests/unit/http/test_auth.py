"""Who may call a family: every route, every way to write its path."""

import asyncio
from typing import Any

import httpx
import jwt
import pytest

from tests.unit.http.plugins import TestFamily
from tiercel.errors import TiercelError
from tiercel.http.app import create_app
from tiercel.http.door import HttpDoor
from tiercel.settings import Settings
from tiercel.testing import MemoryServices

SECRET = "a secret that is long enough for every one of the HMAC algorithms there are"
OTHER = "another secret of more than thirty-two bytes"
YEAR_2100 = 4102444800
ROUTES = (
    "/execute",
    "/plugins",
    "/v1/tasks/io/test/Echo",
    "/v1/runs/x",
    "/openapi.json",
    "/docs",
    "/redoc",
    "/nowhere",
    "/v1/families/test/execute",
    "/v1/families/test/plugins",
)
VARIANTS = (
    "{}",
    "{}/",
    "/{}",
    "{}/health",
    "{}?x=/health",
    "{}%2fhealth",
    "{};/health",
    "{}#/health",
    "/health/..{}",
    "/health/../{}",
    "/health%2f..{}",
    "/HEALTH{}",
    "{}.json",
    "/./{}",
)
ENVELOPE = {"taskType": "io.test.Echo"}


def token(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> dict[str, str]:
    """Make the header of a caller."""
    payload = {"exp": YEAR_2100, **claims}
    encoded = jwt.encode(
        {name: value for name, value in payload.items() if value is not None}, secret, algorithm
    )
    return {"Authorization": f"Bearer {encoded}"}


def call(
    method: str,
    path: str,
    headers: dict[str, str] | None = None,
    *,
    settings: Settings | None = None,
    client: str = "127.0.0.1",
    body: object = ENVELOPE,
    host: str = "localhost",
) -> httpx.Response:
    """Call the app once."""

    async def work(services: MemoryServices) -> httpx.Response:
        app = create_app(TestFamily(), services, settings=settings or Settings(jwt_secret=SECRET))
        transport = httpx.ASGITransport(app, client=(client, 1))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as caller:
            return await caller.request(method, path, headers=headers, json=body)

    with MemoryServices() as services:
        return asyncio.run(work(services))


def test_the_list_of_routes_is_whole() -> None:
    door = HttpDoor.__new__(HttpDoor)
    assert {path.split("{")[0].rstrip("/") for path, _, _ in HttpDoor.routes(door)} - {"/health"} <= {
        route if not route.startswith("/v1") else "/".join(route.split("/")[:3]) for route in ROUTES
    }


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("route", ROUTES)
def test_no_way_to_write_a_route_gets_around_the_token(route: str, variant: str) -> None:
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        assert call(method, variant.format(route)).status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/health/", "//health", "/Health", "/health%00", "/health/x", "/healthz", "/v1/families/x/health"],
)
def test_only_health_itself_is_public(path: str) -> None:
    assert call("GET", path).status_code == 401
    assert call("POST", "/health").status_code == 401
    assert call("GET", "/health").status_code == 200
    assert call("GET", "/v1/families/test/health").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        token(OTHER),
        token(exp=1),
        token(exp=None),
        token(SECRET, "HS512"),
        token(role="anon"),
        {"Authorization": f"Basic {token()['Authorization'][7:]}"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer x.y.z"},
        {"Authorization": "Bearer " + jwt.encode({"exp": YEAR_2100}, "", "none")},
    ],
)
def test_a_token_that_is_not_ours_is_refused_in_a_sentence(headers: dict[str, str]) -> None:
    answer = call("POST", "/execute", headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["error"]["kind"] == "Unauthorized"
    assert len(answer.json()["error"]["message"].split()) > 5


def test_whoever_signs_in_to_the_project_runs_nothing_by_that_alone() -> None:
    answer = call("POST", "/execute", token(role="authenticated"))
    assert answer.status_code == 403
    assert "`tiercel:" in answer.json()["error"]["message"]


def test_a_token_by_which_a_family_keeps_its_runs_runs_none() -> None:
    assert call("POST", "/execute", token(role="tiercel_service")).status_code == 401


def test_a_token_without_an_algorithm_is_refused_as_any_other() -> None:
    assert call("POST", "/execute", {"Authorization": "Bearer e30.e30.e30"}).status_code == 401


def test_a_token_of_ours_runs_a_task() -> None:
    assert call("POST", "/execute", token(aud="authenticated"), client="203.0.113.1").status_code == 200


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"namespace": "company"}, 200),
        ({"namespace": "company", "executionId": "e1", "attempt": 2}, 200),
        ({"namespace": "other"}, 403),
        ({"namespace": "company", "executionId": "e2"}, 403),
        ({"attempt": 1}, 403),
    ],
)
def test_an_envelope_says_what_its_token_says(claims: dict[str, Any], status: int) -> None:
    body = {**ENVELOPE, "context": {"namespace": "company", "executionId": "e1", "attempt": 2}}
    assert call("POST", "/execute", token(**claims), body=body).status_code == status


@pytest.mark.parametrize(
    ("client", "headers", "host", "status"),
    [
        ("127.0.0.1", {}, "localhost:8000", 200),
        ("::1", {}, "[::1]:8000", 200),
        ("127.0.0.1", {"Origin": "http://localhost:3000"}, "127.0.0.1", 200),
        ("192.168.1.5", {}, "localhost", 401),
        ("127.0.0.1", {}, "attacker.example", 401),  # a name that was made to resolve to this machine
        ("127.0.0.1", {"Origin": "https://attacker.example"}, "localhost", 401),
        ("127.0.0.1", {"Origin": "null"}, "localhost", 401),
        ("testclient", {}, "localhost", 401),
    ],
)
def test_without_a_secret_only_programs_on_this_machine_are_served(
    client: str, headers: dict[str, str], host: str, status: int
) -> None:
    answer = call("POST", "/execute", headers, settings=Settings(), client=client, host=host)
    assert answer.status_code == status


@pytest.mark.parametrize("settings", [Settings(on_lambda=True), Settings(on_cloud_run=True)])
def test_a_deployed_function_without_a_secret_refuses_to_start(settings: Settings) -> None:
    with pytest.raises(TiercelError, match="set TIERCEL_JWT_SECRET"):
        create_app(TestFamily(), settings=settings)


def test_a_secret_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(TiercelError, match="shorter than 32 bytes"):
        create_app(TestFamily(), settings=Settings(jwt_secret="short"))


@pytest.mark.parametrize(
    ("scope", "status"),
    [("openid", 200), ("tiercel:test", 200), (["tiercel:a", "tiercel:test"], 200), ("tiercel:sql", 403)],
)
def test_a_token_may_be_for_some_families_only(scope: object, status: int) -> None:
    answer = call("POST", "/execute", token(scope=scope))
    assert answer.status_code == status
    if status == 403:
        assert "`tiercel:test`" in answer.json()["error"]["message"]


def test_behind_a_gateway_of_google_s_the_caller_s_token_is_the_forwarded_one() -> None:
    own = {"Authorization": "Bearer of.the.gateway"}
    caller = {"X-Forwarded-Authorization": token()["Authorization"]}
    deployed = Settings(jwt_secret=SECRET, on_cloud_run=True)
    assert call("POST", "/execute", {**own, **caller}, settings=deployed).status_code == 200
    assert call("POST", "/execute", own, settings=deployed).status_code == 401
    assert call("POST", "/execute", {**own, **caller}).status_code == 401
