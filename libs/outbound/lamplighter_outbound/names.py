"""The host of an address as it is compared and looked up: one spelling, or none. Pure."""

import re
from ipaddress import IPv6Address, ip_address

from lamplighter_outbound.addresses import Address

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")
LONGEST = 253


def host_name(host: str) -> str:
    """In lower case, without brackets and without the dot at its end. `host` is ASCII, as in a request.

    Raises `ValueError` where it is neither a name nor the usual spelling of an address: `0177.0.0.1`, `0x7f.1` and
    `2130706433` are addresses to some systems, and names to others.
    """
    name = host.lower().removeprefix("[").removesuffix("]").removesuffix(".")
    if as_address(name) is not None:
        return name
    labels = name.split(".")
    if len(name) > LONGEST or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("is no name of a host")
    if _NUMBER.fullmatch(labels[-1]):
        raise ValueError("is not the usual spelling of an address")
    return name


def as_address(name: str) -> Address | None:
    """Where the host is an address and not a name. One with a scope (`fe80::1%eth0`) is that address."""
    try:
        address = ip_address(name)
    except ValueError:
        return None
    return IPv6Address(int(address)) if isinstance(address, IPv6Address) else address


def is_among(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether one of the patterns names it: as it is, as `*.example.org` for all below, or `*` for any."""
    return any(_fits(name, pattern.lower().strip("[]").removesuffix(".")) for pattern in patterns)


def _fits(name: str, pattern: str) -> bool:
    if pattern == "*":
        return True
    if pattern.startswith("*."):
        return name.endswith(pattern[1:]) and as_address(name) is None
    address = as_address(name)
    return name == pattern or (address is not None and address == as_address(pattern))
