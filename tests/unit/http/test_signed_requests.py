"""Requests signed with a secret that both sides have: what is let in, once, for a while."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.http.test_auth import ENVELOPE, ROUTES, SECRET, VARIANTS, call, token
from tiercel import clock
from tiercel.errors import TiercelError
from tiercel.http.signed_requests import SCHEME, BadSignature, Seen, SharedSecrets, Signature
from tiercel.settings import Settings

KEY = "a secret that requests are signed with, of more than thirty-two bytes"
NEWER = "another secret that requests are signed with, of more than thirty-two bytes"
SETTINGS = Settings(hmac_secret=KEY)
BODY = b'{"taskType":"io.test.Echo"}'
"""ENVELOPE, as httpx writes it."""
hexadecimal = st.text("0123456789abcdef", min_size=1, max_size=64)


def signed(method: str, path: str, body: bytes = BODY, key: str = KEY) -> dict[str, str]:
    """Sign a request as its caller does."""
    return {"Authorization": SharedSecrets(key).sign(method, path, body)}


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> "list[timedelta]":
    """Let the clock say what is in the list, later than now."""
    later = [timedelta()]
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + later[0])
    return later


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/execute", 200),
        ("POST", "/v1/families/test/execute", 200),
        ("POST", "/v1/tasks/io/test/Echo", 200),
        ("GET", "/plugins", 200),
        ("GET", "/v1/runs/x", 404),
    ],
)
def test_a_signed_request_is_answered_from_wherever_it_comes(method: str, path: str, status: int) -> None:
    answer = call(method, path, signed(method, path), settings=SETTINGS, client="203.0.113.1", body=ENVELOPE)
    assert answer.status_code == status


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("route", ROUTES)
def test_no_way_to_write_a_route_gets_around_the_signature(route: str, variant: str) -> None:
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        assert call(method, variant.format(route), settings=SETTINGS).status_code == 401
        # nor does a good one of another path
        elsewhere = signed(method, "/health")
        assert call(method, variant.format(route), elsewhere, settings=SETTINGS).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        signed("GET", "/execute"),
        signed("POST", "/plugins"),
        signed("POST", "/execute", BODY + b" "),
        signed("POST", "/execute", b""),
        signed("POST", "/execute", key=NEWER),
        {"Authorization": f"{SCHEME} t=1,n=1,d=1,v1=1"},
        {"Authorization": f"{SCHEME} "},
        {"Authorization": SCHEME},
        {"Authorization": signed("POST", "/execute")["Authorization"].replace("v1=", "v2=")},
        {"Authorization": signed("POST", "/execute")["Authorization"].replace(SCHEME, "Bearer")},
        token(),
    ],
)
def test_what_is_not_signed_for_this_request_is_refused_in_a_sentence(headers: dict[str, str]) -> None:
    answer = call("POST", "/execute", headers, settings=SETTINGS)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, SCHEME)
    assert len(answer.json()["error"]["message"].split()) > 5
    assert answer.json()["error"]["message"].endswith(".")


def test_a_body_that_is_too_large_is_not_read_to_its_end() -> None:
    small = Settings(hmac_secret=KEY, body_bytes=10)
    assert call("POST", "/execute", signed("POST", "/execute"), settings=small).status_code == 413


@pytest.mark.parametrize("seconds", [-301, 301, 10_000])
def test_a_signature_of_another_time_is_refused(passing: "list[timedelta]", seconds: int) -> None:
    credentials = SharedSecrets(KEY).sign("POST", "/execute", BODY).partition(" ")[2]
    passing[0] = timedelta(seconds=seconds)
    with pytest.raises(BadSignature, match="set both clocks"):
        SharedSecrets(KEY).verify(credentials, "POST", "/execute")


def test_a_signature_is_good_for_a_while(passing: "list[timedelta]") -> None:
    credentials = SharedSecrets(KEY).sign("POST", "/execute", BODY).partition(" ")[2]
    passing[0] = timedelta(seconds=290)
    SharedSecrets(KEY).verify(credentials, "POST", "/execute").check_body(BODY)


def test_a_copy_of_a_request_is_refused_as_long_as_its_signature_is_fresh(passing: "list[timedelta]") -> None:
    seen, moment = Seen(), int(clock.now().timestamp())
    seen.take(Signature("a", moment, ""))
    with pytest.raises(BadSignature, match="been here before"):
        seen.take(Signature("a", moment, ""))
    passing[0] = timedelta(seconds=400)
    seen.take(Signature("b", moment + 400, ""))
    assert list(seen.moments) == ["b"]


def test_what_is_remembered_does_not_grow_without_end() -> None:
    seen, moment = Seen(most=3), int(clock.now().timestamp())
    for number in range(10):
        seen.take(Signature(str(number), moment, ""))
    assert list(seen.moments) == ["7", "8", "9"]


def test_a_secret_is_replaced_without_an_outage() -> None:
    both = Settings(hmac_secret=f"{NEWER}\n{KEY}\n")
    for key in (KEY, NEWER):
        assert call("POST", "/execute", signed("POST", "/execute", key=key), settings=both).status_code == 200
    found = SharedSecrets.of(both)
    assert found and found.known == (NEWER, KEY)


def test_tokens_and_signatures_may_stand_side_by_side() -> None:
    both = Settings(hmac_secret=KEY, jwt_secret=SECRET)
    for headers in (token(), signed("POST", "/execute")):
        assert call("POST", "/execute", headers, settings=both, client="203.0.113.1").status_code == 200
    assert call("POST", "/execute", settings=both).headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({}, 200),
        ({"namespace": "default"}, 200),
        ({"namespace": "other"}, 403),
        ({"scope": "tiercel:sql"}, 403),
        ({"exp": 1}, 401),
        ({"role": "anon"}, 401),
    ],
)
def test_whoever_a_signed_request_is_for_may_no_more_than_with_a_token_alone(
    claims: dict[str, Any], status: int
) -> None:
    both = Settings(hmac_secret=KEY, jwt_secret=SECRET)
    body = {**ENVELOPE, "token": token(**claims)["Authorization"].partition(" ")[2]}
    headers = signed("POST", "/execute", json.dumps(body, separators=(",", ":")).encode())
    assert call("POST", "/execute", headers, settings=both, body=body).status_code == status


def test_behind_a_gateway_of_google_s_the_caller_s_signature_is_the_forwarded_one() -> None:
    headers = {
        "Authorization": "Bearer of.the.gateway",
        "X-Forwarded-Authorization": signed("POST", "/execute")["Authorization"],
    }
    deployed = Settings(hmac_secret=KEY, on_cloud_run=True)
    assert call("POST", "/execute", headers, settings=deployed).status_code == 200


def test_a_secret_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(TiercelError, match="shorter than 32 bytes"):
        SharedSecrets.of(Settings(hmac_secret=f"{KEY}\nshort"))


@given(st.integers(0, 10**11), hexadecimal, hexadecimal, hexadecimal, st.text(max_size=20))
def test_whatever_is_shown_is_refused_and_nothing_else_happens(
    moment: int, nonce: str, digest: str, shown: str, path: str
) -> None:
    with pytest.raises(BadSignature):
        SharedSecrets(KEY).verify(f"t={moment},n={nonce},d={digest},v1={shown}", "POST", path)
