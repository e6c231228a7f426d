"""The tasks' HTTP client: against real sockets."""

import asyncio
import gzip

import pytest

from tests.unit.http.server import Seen, answer, served
from tiercel.errors import Retriable, TaskFailed
from tiercel.http.client import HttpClient, retry_after, shown
from tiercel.http.guard import Guard


def test_an_answer_is_given_with_its_body_headers_and_place() -> None:
    async def work(url: str, seen: Seen) -> None:
        client = HttpClient()
        response = await client.post(f"{url}/old", json={"a": 1}, params={"q": "x"}, headers={"X-One": "1"})
        assert (response.status, response.json(), response.headers["x-two"]) == (200, {"b": 2}, "2")
        assert response.url == f"{url}/new"
        assert seen.requests == ["POST /old?q=x HTTP/1.1", "GET /new HTTP/1.1"]
        assert (seen.headers[0]["x-one"], seen.headers[0]["user-agent"]) == ("1", "tiercel")
        await client.close()

    served({"/old": answer(302, Location="/new"), "/new": answer(200, b'{"b": 2}', X_Two="2")}, work)


@pytest.mark.parametrize(
    ("status", "error", "after"),
    [(500, Retriable, None), (503, Retriable, 7.0), (429, Retriable, 7.0), (404, TaskFailed, None)],
)
def test_a_status_says_whether_trying_again_makes_sense(
    status: int, error: type[TaskFailed], after: float | None
) -> None:
    async def work(url: str, seen: Seen) -> None:
        client = HttpClient()
        with pytest.raises(TaskFailed, match=f"GET {url}/x answered {status}: no luck") as caught:
            await client.get(f"{url}/x?token=secret")
        assert type(caught.value) is error
        assert getattr(caught.value, "retry_after", None) == after
        assert "secret" not in str(caught.value)
        assert (await client.get(f"{url}/x", check=False)).status == status
        await client.close()

    headers = {"Retry_After": "7"} if after else {}
    served({"/x": answer(status, b"no  luck\n", **headers)}, work)


def test_a_429_is_retried_after_a_date() -> None:
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert retry_after("Wed, 21 Oct 2195 07:28:00 GMT") > 1e9  # type: ignore[operator]
    assert retry_after("soon") is None


def test_a_lost_connection_and_a_dead_port_may_be_tried_again() -> None:
    async def work(url: str, seen: Seen) -> None:
        client = HttpClient()
        with pytest.raises(Retriable, match="failed"):
            await client.get(f"{url}/hangs-up")
        with pytest.raises(Retriable, match="failed"):
            await client.get("http://127.0.0.1:1/")
        await client.close()

    served({"/hangs-up": b""}, work)


def test_a_slow_answer_may_be_tried_again() -> None:
    async def work() -> None:
        gone = asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()
            await writer.wait_closed()
            gone.set()

        async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
            client = HttpClient()
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(Retriable, match=r"no answer within 0\.05 s"):
                await client.get(f"http://127.0.0.1:{port}/", timeout_seconds=0.05)
            await client.close()
            await gone.wait()

    asyncio.run(work())


def test_more_than_the_cap_is_refused_even_if_it_was_small_on_the_wire() -> None:
    async def work(url: str, seen: Seen) -> None:
        client = HttpClient()
        with pytest.raises(TaskFailed, match=r"more than the 100,000 bytes"):
            await client.get(f"{url}/bomb", max_bytes=100_000)
        await client.close()

    served({"/bomb": answer(200, gzip.compress(b"0" * 1_000_000), Content_Encoding="gzip")}, work)


def test_redirects_end_after_a_few() -> None:
    async def work(url: str, seen: Seen) -> None:
        client = HttpClient()
        with pytest.raises(TaskFailed, match="redirected more than 5 times"):
            await client.get(f"{url}/round")
        await client.close()

    served({"/round": answer(302, Location="/round")}, work)


def test_a_redirect_to_the_metadata_service_is_refused() -> None:
    async def work(url: str, seen: Seen) -> None:
        client = HttpClient()
        with pytest.raises(TaskFailed, match=r"leads to 169\.254\.169\.254"):
            await client.get(f"{url}/evil")
        await client.close()

    served({"/evil": answer(302, Location="http://169.254.169.254/latest/meta-data/")}, work)


def test_a_private_target_is_refused_where_that_is_the_rule() -> None:
    async def work(url: str, seen: Seen) -> None:
        client = HttpClient(Guard(private_targets=False))
        with pytest.raises(TaskFailed, match="TIERCEL_ALLOW_PRIVATE_TARGETS"):
            await client.get(url)
        assert seen.requests == []
        await client.close()

    served({"/": answer(200)}, work)


@pytest.mark.parametrize("url", ["ftp://x/", "file:///etc/passwd", "no-url", "http://", "http://[::1"])
def test_a_url_that_cannot_be_called_is_a_sentence(url: str) -> None:
    async def work() -> None:
        with pytest.raises(TaskFailed) as caught:
            await HttpClient().get(url)
        assert not isinstance(caught.value, Retriable)

    asyncio.run(work())


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    async def work(url: str, seen: Seen) -> None:
        client = HttpClient()
        assert (await client.get(f"{url}/x")).text == "direct"
        await client.close()

    served({"/x": answer(200, b"direct")}, work)


def test_one_client_serves_one_loop_after_another() -> None:
    client = HttpClient()

    async def work(url: str, seen: Seen) -> None:
        assert (await client.get(f"{url}/x")).status == 200
        await client.close()

    served({"/x": answer(200)}, work)
    served({"/x": answer(200)}, work)


def test_a_url_is_shown_without_what_may_be_secret() -> None:
    assert shown("https://me:pw@host:1/path?token=1#x") == "https://host:1/path"


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("http://127.0.0.1:99999/", {}),
        ("http://a..b/", {}),
        (f"http://{'x' * 64}.org/", {}),
        ("http://xn--a/", {}),
        ("http://127.0.0.1:9/", {"X-Name": "Žižek"}),
    ],
)
def test_a_request_that_cannot_be_written_is_a_sentence(url: str, headers: dict[str, str]) -> None:
    async def work() -> None:
        client = HttpClient()
        with pytest.raises(TaskFailed) as caught:
            await client.get(url, headers=headers)
        assert not isinstance(caught.value, Retriable)
        assert "correct its method, host, port, headers or proxy" in str(caught.value)
        await client.close()

    asyncio.run(work())


def test_a_body_that_is_not_what_its_header_says_is_a_sentence() -> None:
    async def work(url: str, seen: Seen) -> None:
        client = HttpClient()
        with pytest.raises(TaskFailed, match="not encoded as its header says"):
            await client.get(f"{url}/x")
        await client.close()

    served({"/x": answer(200, b"no gzip at all", Content_Encoding="gzip")}, work)
