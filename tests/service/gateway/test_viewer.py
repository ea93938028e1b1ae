"""The page that shows the API's document: whole without any other server, and with nothing that it may not run."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from lamplighter_gateway.viewer import files
from tests.service.gateway.running import Running, gateway
from tests.support.servers import Server

LINKED = re.compile(r'(?:src|href|data-document)="([^"]*)"')


async def test_the_page_asks_only_this_gateway(running: Running) -> None:
    running.http.headers.pop("Authorization")
    page = await running.http.get("/docs")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bon\w+=|style=", page.text), "nothing inline"
    linked = [url for url in LINKED.findall(page.text) if not url.startswith("data:")]
    assert len(linked) == 5
    for url in linked:
        assert not urlsplit(url).netloc
        answer = await running.http.get(url)
        assert answer.status_code == 200, url
        assert answer.headers["x-content-type-options"] == "nosniff"
        if "/assets/" in url:
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    document = await running.http.get("/docs/openapi.json")
    assert document.json()["openapi"] == "3.1.0"
    assert document.json()["servers"] == [{"url": "/"}]


async def test_an_asset_of_another_release_is_not_there(running: Running) -> None:
    for path in (
        "0000000000000000/page.js",
        f"{files.version()}/index.html",
        f"{files.version()}/..%2Fpage.html",
    ):
        answer = await running.http.get(f"/docs/assets/{path}")
        assert answer.status_code == 404, path


async def test_a_page_behind_a_path(nats_server: Server, bearer: str) -> None:
    """As it is reached through something that takes `/lamp` away."""
    async with gateway(nats_server.url, bearer, public_url="https://example.org/lamp/") as behind:
        page = await behind.http.get("/docs")
        document = await behind.http.get("/docs/openapi.json")

    linked = [url for url in LINKED.findall(page.text) if not url.startswith("data:")]
    assert all(url.startswith("/lamp/docs/") for url in linked)
    assert document.json()["servers"] == [{"url": "/lamp"}]


def test_what_is_not_ours_has_its_licence_beside_it() -> None:
    folder = Path(files.__file__).parent / "swagger-ui"
    assert "Apache License" in (folder / "LICENSE").read_text()
    assert (folder / "NOTICE").read_text().strip()
    assert (folder / "swagger-ui-bundle.js.LICENSE.txt").exists()
