"""The files of the viewer, under a name that changes with them: so a browser may keep them for good."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
FILES = {
    "swagger-ui-bundle.js": (HERE / "swagger-ui" / "swagger-ui-bundle.js", "text/javascript"),
    "swagger-ui.css": (HERE / "swagger-ui" / "swagger-ui.css", "text/css"),
    "page.js": (HERE / "page.js", "text/javascript"),
    "page.css": (HERE / "page.css", "text/css"),
}

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
"""What the page may do: run and fetch what is here, and nothing else."""


@dataclass(frozen=True)
class File:
    content: bytes
    media_type: str


@cache
def files() -> dict[str, File]:
    return {name: File(path.read_bytes(), kind) for name, (path, kind) in FILES.items()}


@cache
def version() -> str:
    """Of all of them together."""
    digest = hashlib.sha256()
    for name, file in sorted(files().items()):
        digest.update(name.encode() + b"\0" + file.content)
    return digest.hexdigest()[:16]


def page(prefix: str) -> str:
    """`prefix` is the path under which callers reach the gateway, mostly none."""
    template = (HERE / "page.html").read_text()
    return template.format(assets=f"{prefix}/docs/assets/{version()}", document=f"{prefix}/docs/openapi.json")
