"""Which requests may go out: by their address, their host, and where that host is."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from ipaddress import ip_address, ip_network

import httpx2

from lamplighter_contracts.environments import NetworkRules
from lamplighter_outbound.addresses import LOCAL, Address, Network, closed, plain
from lamplighter_outbound.errors import NotAllowed
from lamplighter_outbound.names import as_address, host_name, is_among

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""A name and a port, and all addresses of it. Raises `OSError` where there is none."""

_HOW = (
    "Where that is meant, name the host in the network rules of the environment (network.hosts), or open the "
    "address there (network.ranges)."
)


async def resolve(name: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Guard:
    """The rules of an environment and, where there is one, the shorter list of a tool: both have to allow a host."""

    def __init__(
        self, rules: NetworkRules, hosts: tuple[str, ...] | None = None, *, resolve: Resolve = resolve
    ) -> None:
        self._rules = rules
        self._hosts = hosts
        self._open = _networks(rules.ranges)
        self._resolve = resolve

    def check(self, url: httpx2.URL) -> None:
        """By what the address says. Raises `NotAllowed`."""
        if url.scheme not in ("http", "https"):
            raise NotAllowed(
                f"A request to {url.scheme or 'no scheme'!r} is not allowed: only http and https are."
            )
        if url.userinfo:
            raise NotAllowed(
                f"A request to {url.host!r} with a user in its address is not allowed. Put it into a header."
            )
        self.check_host(url.raw_host.decode("ascii"))

    def check_host(self, host: str) -> str:
        """Its one spelling. Raises `NotAllowed`."""
        try:
            name = host_name(host)
        except ValueError as problem:
            raise NotAllowed(f"A request to {host!r} is not allowed: it {problem}.") from None
        for hosts, whose in (
            (self._rules.hosts, "the environment allows"),
            (self._hosts, "the tool may reach"),
        ):
            if hosts is not None and not is_among(name, hosts):
                listed = ", ".join(hosts) or "none"
                raise NotAllowed(
                    f"A request to {name!r} is not allowed: the hosts that {whose} are {listed}."
                )
        return name

    async def addresses(self, host: str, port: int) -> list[str]:
        """Where to connect to for it: resolved once, and each address allowed.

        Raises `NotAllowed`, and `OSError` where the name has no address.
        """
        name = self.check_host(host)
        literal = as_address(name)
        found = [plain(literal)] if literal else [_address(one) for one in await self._resolve(name, port)]
        for address in found:
            self._check_address(name, address)
        if not found:
            raise OSError(f"the name {name!r} has no address")
        return [str(address) for address in found]

    def _check_address(self, name: str, address: Address) -> None:
        shut = [
            (part, kind)
            for part, kind in closed(address)
            if not any(part in network for network in self._open)
        ]
        if not shut or self._is_meant(name, [kind for _, kind in shut]):
            return
        part, kind = shut[0]
        where = f"it is {kind}" if str(part) == name else f"it is at {part}, {kind}"
        raise NotAllowed(f"A request to {name!r} is not allowed: {where}. {_HOW}")

    def _is_meant(self, name: str, kinds: list[str]) -> bool:
        """Whether the rules name the host. A name opens what a machine of one's own may have; the rest, such as the
        metadata of a cloud, is open to nobody who writes a name, only to who writes the address."""
        named = tuple(pattern for pattern in self._rules.hosts or () if pattern != "*")
        return is_among(name, named) and (
            as_address(name) is not None or all(kind in LOCAL for kind in kinds)
        )


def _networks(entries: tuple[str, ...]) -> tuple[Network, ...]:
    networks = []
    for entry in entries:
        # What is no range opens nothing.
        with suppress(ValueError):
            networks.append(ip_network(entry, strict=False))
    return tuple(networks)


def _address(text: str) -> Address:
    """Without the scope that a system may put behind it."""
    return plain(ip_address(text.partition("%")[0]))
