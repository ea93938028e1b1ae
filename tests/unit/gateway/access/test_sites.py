"""Which names are ours, and which pages."""

import pytest

from lamplighter_gateway.web.sites import Site, is_own, own_site

SECURE = Site("https://lamp.example.org", is_secure=True)


@pytest.mark.parametrize(
    ("host", "base_url", "site"),
    [
        ("lamp.example.org", "https://lamp.example.org", SECURE),
        ("LAMP.example.org:443", "https://lamp.example.org", SECURE),
        ("lamp.example.org", "https://lamp.example.org/under/this", SECURE),
        (
            "lamp.example.org:8443",
            "https://lamp.example.org:8443",
            Site("https://lamp.example.org:8443", True),
        ),
        ("nas:8460", "http://nas:8460", Site("http://nas:8460", False)),
        ("127.0.0.1:8460", "http://127.0.0.1:8460", Site("http://127.0.0.1:8460", False)),
        ("localhost:8460", "http://0.0.0.0:8460", Site("http://localhost:8460", False)),
        ("localhost:9000", "https://lamp.example.org", Site("http://localhost:9000", False)),
        ("[::1]:8460", "http://127.0.0.1:8460", Site("http://[::1]:8460", False)),
        ("lamp.localhost", "http://127.0.0.1:8460", Site("http://lamp.localhost", False)),
        ("evil.example", "http://127.0.0.1:8460", None),
        ("lamp.example.org", "http://127.0.0.1:8460", None),
        ("lamp.example.org:8443", "https://lamp.example.org", None),
        ("lamp.example.org.evil.example", "https://lamp.example.org", None),
        ("localhost.evil.example", "http://127.0.0.1:8460", None),
        ("127.0.0.1.evil.example", "http://127.0.0.1:8460", None),
        ("192.168.1.5:8460", "http://0.0.0.0:8460", None),
        ("", "http://127.0.0.1:8460", None),
        ("a:b:c", "http://127.0.0.1:8460", None),
        ("[::1", "http://127.0.0.1:8460", None),
        ("user@localhost", "http://127.0.0.1:8460", None),
        ("localhost:123456", "http://127.0.0.1:8460", None),
    ],
)
def test_which_names_are_ours(host: str, base_url: str, site: Site | None) -> None:
    assert own_site(host, base_url) == site


@pytest.mark.parametrize(
    ("origin", "fetch_site", "own"),
    [
        ("https://lamp.example.org", "same-origin", True),
        ("https://lamp.example.org", None, True),
        ("https://LAMP.example.org:443", None, True),
        (None, "same-origin", True),
        (None, None, False),
        (None, "none", False),
        ("https://lamp.example.org", "same-site", False),
        ("https://lamp.example.org", "cross-site", False),
        ("https://evil.example", "same-origin", False),
        ("https://evil.example", None, False),
        ("https://www.lamp.example.org", None, False),
        ("http://lamp.example.org", None, False),
        ("https://lamp.example.org:8443", None, False),
        ("null", None, False),
        ("null", "same-origin", False),
        ("", None, False),
    ],
)
def test_which_pages_are_ours(origin: str | None, fetch_site: str | None, own: bool) -> None:
    assert is_own(SECURE, origin, fetch_site) is own
