"""http.Request: against real servers of this machine."""

import base64
import json
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.unit.core.web import Handler, HttpProxy, SocksProxy, Web, proxying, self_signed, serving
from tiercel.envelope import Result
from tiercel.expressions.encryption import decrypt_text
from tiercel.http.client import HttpClient
from tiercel.http.guard import Guard
from tiercel.plugin import State
from tiercel.testing import MemoryServices, run_plugin
from tiercel_core.http.requests import Request

KEY = base64.b64encode(b"0" * 32).decode()


def echo(handler: Handler) -> None:
    """Answer with what was asked."""
    asked = handler.web.asked[-1]
    handler.give_json({"method": asked.method, "path": asked.path, "body": asked.body.decode("latin-1")})


def tokens(handler: Handler) -> None:
    """Answer as an OAuth 2 server does."""
    handler.give_json({"access_token": "from-the-server", "token_type": "bearer"})


def digest(handler: Handler) -> None:
    """Demand a log-in by digest."""
    if handler.headers.get("Authorization", "").startswith('Digest username="me"'):
        handler.give(200, b"welcome")
    else:
        handler.give(401, b"", WWW_Authenticate='Digest realm="r", nonce="n", qop="auth", algorithm=MD5')


ROUTES = {
    "/echo": echo,
    "/token": tokens,
    "/no-token": lambda handler: handler.give_json({}),
    "/digest": digest,
    "/teapot": lambda handler: handler.give(418, b"short and stout"),
    "/broken": lambda handler: handler.give(500, b"out of order", Retry_After="3"),
    "/binary": lambda handler: handler.give(200, b"\xff\xfe\x00"),
    "/latin": lambda handler: handler.give(200, "é".encode("latin-1")),
    "/nothing": lambda handler: handler.give(204),
    "/moved": lambda handler: handler.give(302, b"over there", Location="/echo"),
    "/metadata": lambda handler: handler.give(302, Location="http://169.254.169.254/latest/"),
    "/endless": lambda handler: handler.give_open_end(iter(lambda: b"x" * 65536, b"")),
    "/cookies": lambda handler: handler.give(200, b"x", Set_Cookie="a=1"),
}


@pytest.fixture
def web() -> Iterator[Web]:
    with serving(ROUTES) as found:
        yield found


@pytest.fixture
def services() -> Iterator[MemoryServices]:
    with MemoryServices() as found:
        yield found


def call(web: Web, path: str = "/echo", **params: Any) -> Result:
    return run_plugin(Request, {"uri": f"{web.url}{path}", **params})


def body_of(result: Result) -> Any:
    assert result.state is State.SUCCESS, result.error
    return json.loads(result.data["body"])


def error_of(result: Result) -> str:
    assert result.state is State.FAILED
    assert result.error is not None
    return result.error.message


def test_an_answer_becomes_outputs(web: Web) -> None:
    result = call(web)
    assert result.data["uri"] == f"{web.url}/echo"
    assert result.data["code"] == 200
    assert result.data["headers"]["content-type"] == ["application/json"]
    assert body_of(result) == {"method": "GET", "path": "/echo", "body": ""}


def test_a_body_goes_with_its_content_type_and_query(web: Web) -> None:
    result = call(
        web, method="post", body='{"a": 1}', params={"q": ["x", "y"], "n": 1}, headers={"X-One": "1"}
    )
    assert body_of(result) == {"method": "POST", "path": "/echo?q=x&q=y&n=1", "body": '{"a": 1}'}
    assert web.asked[0].headers["content-type"] == "application/json"
    assert web.asked[0].headers["x-one"] == "1"


def test_a_form_is_sent_as_one(web: Web) -> None:
    result = call(web, method="POST", formData={"user": "a b", "n": 1}, contentType="application/json")
    assert body_of(result)["body"] == "user=a+b&n=1"
    assert web.asked[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert result.data["formData"] == {"user": "a b", "n": 1}


def test_files_of_internal_storage_are_parts_of_a_multipart_form(web: Web, services: MemoryServices) -> None:
    uri = services.storage.put("kestra:///default/_files/rows.csv", b"a,b\n")
    form = {"plain": "text", "file": uri, "named": {"name": "other.csv", "content": uri}}
    params = {
        "uri": f"{web.url}/echo",
        "method": "POST",
        "formData": form,
        "contentType": "multipart/form-data",
    }
    sent = body_of(run_plugin(Request, params, services=services))["body"]
    assert 'name="plain"\r\n' in sent and "\r\n\r\ntext\r\n" in sent
    assert 'name="file"; filename="rows.csv"' in sent and sent.count("a,b\n") == 2
    assert 'name="named"; filename="other.csv"' in sent
    assert int(web.asked[0].headers["content-length"]) == len(web.asked[0].body)


def test_a_missing_file_of_a_form_is_a_sentence(web: Web) -> None:
    form = {"file": "kestra:///default/_files/no.csv"}
    said = error_of(call(web, method="POST", formData=form, contentType="multipart/form-data"))
    assert "no such file" in said
    assert web.asked == []


@pytest.mark.parametrize(
    ("options", "header"),
    [
        ({"auth": {"type": "BASIC", "username": "me", "password": "pw-long"}}, "Basic bWU6cHctbG9uZw=="),
        ({"basicAuthUser": "me", "basicAuthPassword": "pw-long"}, "Basic bWU6cHctbG9uZw=="),
        ({"auth": {"type": "BEARER", "token": "{{ 'tok' ~ 'en' }}"}}, "Bearer token"),
    ],
)
def test_a_log_in_is_a_header(web: Web, options: dict[str, Any], header: str) -> None:
    assert call(web, options=options).state is State.SUCCESS
    assert web.asked[0].headers["authorization"] == header


def test_a_log_in_by_digest_answers_the_challenge(web: Web) -> None:
    auth = {"type": "DIGEST", "username": "me", "password": "pw"}
    assert call(web, "/digest", options={"auth": auth}).data["body"] == "welcome"


def test_a_token_is_fetched_for_client_credentials(web: Web) -> None:
    auth = {
        "type": "OAUTH2",
        "tokenUrl": f"{web.url}/token",
        "clientId": "id",
        "clientSecret": "secret",
        "scopes": ["a", "b"],
    }
    assert call(web, options={"auth": auth}).state is State.SUCCESS
    assert web.asked[0].body == b"grant_type=client_credentials&scope=a+b"
    assert web.asked[0].headers["authorization"] == "Basic aWQ6c2VjcmV0"
    assert web.asked[1].headers["authorization"] == "Bearer from-the-server"
    refused = call(web, options={"auth": {**auth, "tokenUrl": f"{web.url}/no-token"}})
    assert "no `access_token`" in error_of(refused)


def test_an_unknown_log_in_is_refused_before_the_call(web: Web) -> None:
    assert "options.auth" in error_of(call(web, options={"auth": {"type": "MAGIC"}}))
    assert web.asked == []


def test_failures_are_sentences_and_may_be_tried_again(web: Web) -> None:
    teapot, broken = call(web, "/teapot"), call(web, "/broken")
    assert error_of(teapot) == f"GET {web.url}/teapot answered 418: short and stout."
    assert error_of(broken) == f"GET {web.url}/broken answered 500: out of order."
    assert [one.error and one.error.kind for one in (teapot, broken)] == ["TaskFailed", "Retriable"]
    assert broken.error and broken.error.retry_after == 3


@pytest.mark.parametrize(
    ("path", "params", "state"),
    [
        ("/teapot", {"options": {"allowFailed": True}}, State.SUCCESS),
        ("/teapot", {"allowFailed": True}, State.SUCCESS),
        ("/teapot", {"options": {"allowedResponseCodes": [200, 418]}}, State.SUCCESS),
        ("/echo", {"options": {"allowedResponseCodes": [418]}}, State.FAILED),
        ("/moved", {"options": {"followRedirects": False}}, State.SUCCESS),
    ],
)
def test_which_codes_are_failures_may_be_said(
    web: Web, path: str, params: dict[str, Any], state: State
) -> None:
    assert call(web, path, **params).state is state


def test_redirects_are_followed_unless_forbidden(web: Web) -> None:
    assert call(web, "/moved").data["uri"] == f"{web.url}/echo"
    assert call(web, "/moved", options={"followRedirects": False}).data["code"] == 302


def test_a_redirect_to_the_metadata_service_is_refused(web: Web) -> None:
    assert "169.254.169.254" in error_of(call(web, "/metadata"))


def test_an_endless_answer_is_refused(web: Web) -> None:
    assert "more than the 33,554,432 bytes" in error_of(call(web, "/endless"))
    assert "more than the 10 bytes" in error_of(call(web, "/echo", options={"maxContentLength": 10}))


def test_what_is_no_text_is_refused_and_a_charset_helps(web: Web) -> None:
    assert "no text in utf-8" in error_of(call(web, "/binary")).lower()
    assert call(web, "/latin", options={"defaultCharset": "ISO-8859-1"}).data["body"] == "é"


def test_an_empty_answer_has_no_body(web: Web) -> None:
    result = call(web, "/nothing")
    assert result.data["code"] == 204 and "body" not in result.data


def test_a_dead_host_is_a_sentence() -> None:
    result = run_plugin(Request, {"uri": "http://127.0.0.1:1/x"})
    assert error_of(result).startswith("GET http://127.0.0.1:1/x failed:")
    assert result.error and result.error.kind == "Retriable"
    assert "cannot be found" in error_of(run_plugin(Request, {"uri": "http://no.such.host.invalid/"}))


def test_a_silent_server_is_a_sentence(web: Web) -> None:
    silent = threading.Event()

    def wait(handler: Handler) -> None:
        silent.wait(10)

    web.routes["/silent"] = wait
    result = call(web, "/silent", options={"timeout": {"readIdleTimeout": "PT0.05S"}})
    silent.set()
    assert "got no answer within 0.05 s" in error_of(result)


def test_private_targets_are_refused_where_that_is_the_rule(web: Web, services: MemoryServices) -> None:
    services.client = cache(lambda: HttpClient(Guard(private_targets=False)))
    result = run_plugin(Request, {"uri": f"{web.url}/echo"}, services=services)
    assert "TIERCEL_ALLOW_PRIVATE_TARGETS" in error_of(result)
    assert web.asked == []


def test_a_certificate_that_nobody_trusts_is_refused_unless_all_are_taken(tmp_path: Path) -> None:
    with serving(ROUTES, self_signed(tmp_path)) as web:
        assert "certificate is not trusted" in error_of(call(web))
        trusting = {"insecureTrustAllCertificates": True}
        assert call(web, options={"ssl": trusting}).state is State.SUCCESS
        assert call(web, sslOptions=trusting).state is State.SUCCESS


def test_calls_go_through_an_http_proxy(web: Web) -> None:
    with proxying(HttpProxy) as (port, asked):
        proxy = {"type": "HTTP", "address": "127.0.0.1", "port": port, "username": "me", "password": "pw"}
        assert call(web, options={"proxy": proxy}).state is State.SUCCESS
        old = {"proxyType": "HTTP", "proxyAddress": "127.0.0.1", "proxyPort": port}
        assert call(web, options=old).state is State.SUCCESS
        assert asked == [
            (f"GET {web.url}/echo HTTP/1.1", "Basic bWU6cHc="),
            (f"GET {web.url}/echo HTTP/1.1", ""),
        ]
        metadata = run_plugin(Request, {"uri": "http://169.254.169.254/", "options": {"proxy": proxy}})
        assert "169.254.169.254" in error_of(metadata)
        assert len(asked) == 2


def test_calls_go_through_a_socks_proxy(web: Web) -> None:
    with proxying(SocksProxy) as (port, asked):
        proxy = {"type": "SOCKS", "address": "127.0.0.1", "port": port}
        assert call(web, options={"proxy": proxy}).state is State.SUCCESS
        assert asked == [("127.0.0.1", web.url.rpartition(":")[2])]


def test_a_proxy_without_a_port_is_refused(web: Web) -> None:
    assert "`port`" in error_of(call(web, options={"proxy": {"type": "HTTP", "address": "x"}}))


def test_a_body_is_encrypted_on_request(web: Web, services: MemoryServices) -> None:
    params = {"uri": f"{web.url}/echo", "encryptBody": True}
    assert "TIERCEL_ENCRYPTION_KEY" in error_of(run_plugin(Request, params, services=services))
    services.encryption_key = KEY
    result = run_plugin(Request, params, services=services)
    assert "body" not in result.data
    assert json.loads(decrypt_text(KEY, result.data["encryptedBody"]))["path"] == "/echo"


def test_the_log_shows_what_is_asked_for_and_no_log_in(web: Web) -> None:
    options = {
        "auth": {"type": "BEARER", "token": "a-long-token"},
        "logs": ["REQUEST_HEADERS", "REQUEST_BODY", "RESPONSE_HEADERS", "RESPONSE_BODY"],
    }
    result = call(web, "/cookies", method="POST", body="sent", options=options)
    said = "\n".join(line.message for line in result.logs)
    assert "request body: sent" in said and "response body: x" in said and "Content-Length" in said.title()
    assert "a-long-token" not in said and "a=1" not in said
