"""The guard: however an address is written, it is the address that counts."""

import asyncio
from ipaddress import ip_address
from typing import Any

import pytest

from tiercel.errors import TaskFailed
from tiercel.http.client import HttpClient
from tiercel.http.guard import Guard

NEVER = (
    "169.254.169.254",
    "2852039166",  # the same, as one number
    "0xa9fea9fe",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "169.254.170.2",
    "169.254.1.1",
    "fe80::1",
    "fd00:ec2::254",
    "0.0.0.0",
    "::",
    "224.0.0.1",
)
PRIVATE = (
    "127.0.0.1",
    "10.1.2.3",
    "192.168.1.1",
    "172.16.0.1",
    "100.64.0.1",
    "::1",
    "fd12::1",
    "::ffff:10.0.0.1",
    "127.1",
)


@pytest.mark.parametrize("host", NEVER)
def test_metadata_and_runtime_addresses_are_never_dialled(host: str) -> None:
    with pytest.raises(TaskFailed, match="no task may reach"):
        asyncio.run(Guard(private_targets=True).resolve(host, 80))


@pytest.mark.parametrize("host", PRIVATE)
def test_private_addresses_are_dialled_only_where_that_is_allowed(host: str) -> None:
    assert asyncio.run(Guard(private_targets=True).resolve(host, 80))
    with pytest.raises(TaskFailed, match="private address"):
        asyncio.run(Guard(private_targets=False).resolve(host, 80))


def test_the_lambda_runtime_is_never_called_and_its_neighbours_may_be() -> None:
    guard = Guard(environment={"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001"})
    with pytest.raises(TaskFailed, match="the runtime itself"):
        asyncio.run(guard.resolve("localhost", 9001))
    assert asyncio.run(guard.resolve("127.0.0.1", 9002)) == ["127.0.0.1"]


def test_public_addresses_are_dialled() -> None:
    guard = Guard(private_targets=False)
    guard.check("host", ip_address("93.184.216.34"), 443)
    guard.check("host", ip_address("2606:2800:220:1::1"), 443)


def test_a_name_is_resolved_once_and_its_address_is_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def rebinding(_: Any, host: str, port: int, **__: Any) -> list[Any]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "169.254.169.254"
        return [(2, 1, 6, "", (address, port))]

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", rebinding)

    async def work() -> bytes:
        hosts: list[bytes] = []

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            hosts.append((await reader.readuntil(b"\r\n\r\n")).lower())
            writer.write(b"HTTP/1.1 204 No\r\nConnection: close\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
            asked.clear()
            client = HttpClient()
            port = server.sockets[0].getsockname()[1]
            assert (await client.get(f"http://rebinding.example:{port}/")).status == 204
            await client.close()
        return hosts[0]

    assert b"host: rebinding.example" in asyncio.run(work())
    assert asked == ["rebinding.example"]


def test_a_host_that_does_not_exist_may_exist_later() -> None:
    async def work() -> None:
        client = HttpClient()
        with pytest.raises(TaskFailed, match=r"The host 'nowhere\.invalid' cannot be found"):
            await client.get("http://nowhere.invalid/")
        await client.close()

    asyncio.run(work())


@pytest.mark.parametrize(
    ("hosts", "host", "allowed"),
    [
        (("10.1.0.0/16",), "10.1.2.3", True),
        (("10.1.0.0/16",), "10.2.2.3", False),
        (("10.1.0.0/16",), "::ffff:10.1.2.3", False),  # it is an address of another kind, and a private one
        (("10.1.2.3",), "10.1.2.3", True),
        (("fd12::/16",), "fd12::1", True),
        (("localhost",), "LocalHost", True),
        (("localhost",), "127.0.0.1", False),
        (("169.254.0.0/16", "0.0.0.0/0"), "169.254.169.254", False),
    ],
)
def test_private_targets_may_be_named(hosts: tuple[str, ...], host: str, allowed: bool) -> None:
    guard = Guard(private_targets=False, private_hosts=hosts)
    if allowed:
        assert asyncio.run(guard.resolve(host, 80))
    else:
        with pytest.raises(TaskFailed, match="was refused"):
            asyncio.run(guard.resolve(host, 80))
