"""Which addresses a task may reach: a name is resolved once, and dialled by the address that was checked."""

import asyncio
import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from tiercel.errors import TaskFailed

Address = IPv4Address | IPv6Address

METADATA = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",  # AWS, GCP, Azure and others
            "169.254.170.2",  # credentials of ECS tasks
            "169.254.170.23",  # credentials of EKS pods
            "fd00:ec2::254",
            "fd20:ce::254",  # GCP over IPv6
            "100.100.100.200",  # Alibaba
            "168.63.129.16",  # Azure's wire server
        ),
    )
)
NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


@dataclass(frozen=True)
class Guard:
    """The rule: metadata and runtime addresses never, private ones only where `private_targets` says so.

    `private_hosts`: names, addresses and networks that may be called nevertheless.
    """

    private_targets: bool = True
    private_hosts: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    async def resolve(self, host: str, port: int) -> list[str]:
        """Give the addresses of a host; `TaskFailed` where one of them may not be dialled."""
        addresses = await lookup(host, port)
        for address in addresses:
            self.check(host, address, port)
        return [str(address) for address in addresses]

    def check(self, host: str, address: Address, port: int) -> None:
        """Refuse an address that a task must not reach."""
        for inner in (address, *embedded(address)):
            if self.forbidden(inner, port):
                raise TaskFailed(
                    f"The call to '{host}' was refused: it leads to {inner}, an address of the machine that "
                    "runs tasks (metadata, credentials, or the runtime itself), which no task may reach."
                )
            if not self.private_targets and not inner.is_global and not self.named(host, inner):
                raise TaskFailed(
                    f"The call to '{host}' was refused: it leads to the private address {inner}; "
                    "name it in TIERCEL_ALLOW_PRIVATE_TARGETS on this function, or set that to true, if its "
                    "tasks may call such."
                )

    def named(self, host: str, address: Address) -> bool:
        """Say whether a private target is one of those that may be called."""
        wanted = host.lower().rstrip(".")
        return any(one == wanted or within(address, one) for one in self.private_hosts)

    def forbidden(self, address: Address, port: int) -> bool:
        """Say whether an address is refused everywhere."""
        if address in METADATA or address.is_link_local or address.is_multicast or address.is_unspecified:
            return True
        runtime = self.environment.get("AWS_LAMBDA_RUNTIME_API", "")
        return bool(runtime) and address.is_loopback and str(port) == runtime.rpartition(":")[2]


def within(address: Address, network: str) -> bool:
    """Say whether an address is of a network, or is the one that is written; False for a name."""
    try:
        return address in ip_network(network)
    except ValueError:
        return False


async def lookup(host: str, port: int) -> list[Address]:
    """Resolve a host; an address stands for itself. ValueError: there is no such port, no such name."""
    if not 0 < port < 2**16:  # a socket that was made for it would be left open
        raise ValueError(f"{port} is no port")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UnknownHost(f"The host '{host}' cannot be found ({error.strerror}).") from error
    return list(dict.fromkeys(addresses_in(found)))


class UnknownHost(Exception):
    """A name has no address, now: a misspelt host, or a resolver that is away."""


def addresses_in(
    found: Iterable[tuple[object, object, object, object, tuple[object, ...]]],
) -> Iterable[Address]:
    """Read the addresses from getaddrinfo's answer; a scope (`%eth0`) does not change where one leads."""
    for *_, sockaddr in found:
        yield ip_address(str(sockaddr[0]).partition("%")[0])


def embedded(address: Address) -> list[IPv4Address]:
    """Give the IPv4 addresses that an IPv6 address stands for: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, IPv4Address):
        return []
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if any(address in network for network in NAT64) or int(address) >> 32 == 0:
        inner.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in inner if one is not None]
