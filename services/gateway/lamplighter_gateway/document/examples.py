"""Examples of bodies and answers, as they were really sent and given."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from lamplighter_gateway.document.shapes import Schema

FILE = Path(__file__).parent / "examples.json"


def body_example(route: str) -> Schema:
    return _content(route, "body")


def answer_example(route: str, status: int) -> Schema:
    return _content(route, str(status))


def _content(route: str, part: str) -> Schema:
    known = _examples().get(route, {})
    return {"examples": {"example": {"value": known[part]}}} if part in known else {}


@cache
def _examples() -> dict[str, dict[str, Any]]:
    read: dict[str, dict[str, Any]] = json.loads(FILE.read_text())
    return read
