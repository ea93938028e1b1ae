"""Whether a request comes from a page of ours: what a browser says of it, which no page can make it say otherwise.

A cookie goes with every request to us, whoever made the browser send it; so before one is believed, the name that we
are called by has to be ours (against DNS rebinding), and for all that changes something the page has to be too.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

SAME_ORIGIN = "same-origin"
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>\d{1,5}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Site:
    """What browsers call us by."""

    origin: str
    is_secure: bool


def own_site(host: str, base_url: str) -> Site | None:
    """The site that a Host header names: that of the base URL, or this machine's own; None for any other."""
    named = _HOST.fullmatch(host)
    if named is None:
        return None
    base = urlsplit(base_url)
    usual = _PORTS[base.scheme]
    name, port = named["name"].lower().strip("[]"), int(named["port"] or usual)
    if (name, port) == (base.hostname, base.port or usual):
        return Site(f"{base.scheme}://{base.netloc}".lower(), base.scheme == "https")
    return Site(f"http://{host}".lower(), is_secure=False) if _is_this_machine(name) else None


def is_own(site: Site, origin: str | None, fetch_site: str | None) -> bool:
    """Whether a page of `site` made the browser send this, by Origin (RFC 6454) and Sec-Fetch-Site (Fetch Metadata).

    Each has its say; where there is neither, it was no browser, or one that does not tell.
    """
    if fetch_site is not None and fetch_site != SAME_ORIGIN:
        return False
    if origin is not None:
        return _whole(origin) == _whole(site.origin)
    return fetch_site == SAME_ORIGIN


def _whole(origin: str) -> str:
    """With no port where it is that of the scheme anyway."""
    origin = origin.lower()
    scheme = origin.partition(":")[0]
    return origin.removesuffix(f":{_PORTS.get(scheme, '')}")


def _is_this_machine(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
