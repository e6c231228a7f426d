"""The gateway's own check of tokens."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tiercel.adapters import authorizer
from tiercel.errors import TiercelError
from tiercel.http.signed_requests import SharedSecrets

YEAR_2100 = 4102444800
SECRET = "a secret that is long enough for every one of the HMAC algorithms there are"
CURVE = ec.generate_private_key(ec.SECP256R1())
PRIME = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SET = {
    "keys": [
        {**json.loads(ECAlgorithm.to_jwk(CURVE.public_key())), "kid": "e", "alg": "ES256"},
        {**json.loads(RSAAlgorithm.to_jwk(PRIME.public_key())), "kid": "r", "alg": "RS256"},
    ]
}
TASKS = "POST /v1/tasks/io/kestra/plugin/jdbc/{proxy+}"
SQL = "POST /v1/families/sql/{proxy+}"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TIERCEL_JWT_KEY", json.dumps(SET))
    monkeypatch.setenv("TIERCEL_JWT_SECRET", SECRET)
    authorizer.keys.cache_clear()
    yield
    authorizer.keys.cache_clear()


def signed(key: Any, algorithm: str, kid: str | None = None, **claims: Any) -> str:
    return jwt.encode(
        {"exp": YEAR_2100, "sub": "u1", **claims}, key, algorithm, headers={"kid": kid} if kid else None
    )


def asked(token: str | None, route: str = SQL, scheme: str = "Bearer") -> dict[str, Any]:
    """Ask as an HTTP API does, payload format 2.0."""
    headers = {} if token is None else {"authorization": f"{scheme} {token}"}
    event = {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:eu-central-1:123456789012:api/$default/POST/v1/families/sql/execute",
        "identitySource": [*headers.values(), route],
        "routeKey": route,
        "headers": headers,
        "requestContext": {"http": {"method": "POST"}},
    }
    return authorizer.handler(event, None)


@pytest.mark.parametrize(
    "token",
    [
        signed(SECRET, "HS256"),
        signed(CURVE, "ES256", "e"),
        signed(PRIME, "RS256", "r"),
        signed(SECRET, "HS256", scope="openid tiercel:sql"),
        signed(SECRET, "HS256", scope=["tiercel:sql", "tiercel:core"]),
        signed(SECRET, "HS256", scope="openid"),
    ],
)
def test_a_good_token_passes_and_the_log_knows_whose_it_is(token: str) -> None:
    assert asked(token) == {"isAuthorized": True, "context": {"sub": "u1"}}


@pytest.mark.parametrize(
    "token",
    [
        None,
        "",
        "x.y.z",
        signed(SECRET + "x", "HS256"),
        signed(ec.generate_private_key(ec.SECP256R1()), "ES256", "e"),
        signed(SECRET, "HS512"),
        signed(SECRET, "HS256", exp=1),
        signed(SECRET, "HS256", role="anon"),
        signed(SECRET, "HS256", scope="tiercel:core"),
        jwt.encode({"exp": YEAR_2100}, "", "none"),
    ],
)
def test_any_other_is_denied(token: str | None) -> None:
    assert asked(token) == {"isAuthorized": False}


def test_another_scheme_is_denied() -> None:
    assert asked(signed(SECRET, "HS256"), scheme="Basic") == {"isAuthorized": False}


def test_by_its_type_a_task_s_family_is_the_app_s_to_check() -> None:
    assert asked(signed(SECRET, "HS256", scope="tiercel:core"), TASKS)["isAuthorized"]


def asked_by_signature(header: str, path: str = "/v1/families/sql/execute", method: str = "POST") -> Any:
    """Ask for a signed request."""
    http = {"method": method, "path": path}
    event = {"routeKey": SQL, "headers": {"authorization": header}, "requestContext": {"http": http}}
    return authorizer.handler(event, None)


def test_a_signed_request_passes_as_what_it_was_signed_for(monkeypatch: pytest.MonkeyPatch) -> None:
    header = SharedSecrets(SECRET).sign("POST", "/v1/families/sql/execute", b"{}")
    assert not asked_by_signature(header)["isAuthorized"]
    monkeypatch.setenv("TIERCEL_HMAC_SECRET", SECRET)
    authorizer.keys.cache_clear()
    assert asked_by_signature(header) == {"isAuthorized": True, "context": {"sub": "Tiercel-HMAC"}}
    assert not asked_by_signature(header, "/v1/families/core/execute")["isAuthorized"]
    assert not asked_by_signature(header, method="DELETE")["isAuthorized"]
    assert not asked_by_signature(header.replace("Tiercel-HMAC", "Bearer"))["isAuthorized"]
    assert not asked_by_signature(
        SharedSecrets(SECRET[::-1]).sign("POST", "/v1/families/sql/execute", b"{}")
    )["isAuthorized"]
    assert asked(signed(SECRET, "HS256"))["isAuthorized"]


def test_an_authorizer_without_a_key_lets_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIERCEL_JWT_KEY")
    monkeypatch.delenv("TIERCEL_JWT_SECRET")
    with pytest.raises(TiercelError, match="no key"):
        asked(signed(SECRET, "HS256"))


def test_it_imports_no_web_framework() -> None:
    code = """
import sys, tiercel.adapters.authorizer
print([name for name in ("fastapi", "starlette", "httpx") if name in sys.modules])
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
