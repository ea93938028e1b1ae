"""Whatever somebody sends to whichever route: it is refused as theirs, and never a fault of ours."""

import re

import httpx
import pytest

from lamplighter_gateway.access.table import ACCESS, STREAMS
from tests.service.gateway.running import Running

DEADLINE = 60

DEEP = b"[" * 1_000 + b"]" * 1_000
BODIES = {
    "NUL": rb'{"name": "a\u0000b", "prompt": "\u0000", "value": "abc\u0000def", "note": "\u0000"}',
    "raw NUL": b'{"name": "a\x00b"}',
    "lone surrogates": rb'{"name": "\ud800", "prompt": "\ud800", "value": "\ud800abcdef", "note": "\ud800"}',
    "deep": b'{"input": ' + DEEP + b', "engine": ' + DEEP + b', "runner": ' + DEEP + b"}",
    "huge number": b'{"value": ' + b"9" * 5_000 + b"}",
    "long number": b'{"input": {"at": ' + b"9" * 4_000 + b'}, "limits": {"tokens": ' + b"9" * 4_000 + b"}}",
    "endless number": b'{"max_cost": 1e999, "value": NaN}',
    "no object": b"[]",
    "no UTF-8": b'{"name": "\xff"}',
    "nothing": b"",
}
PLACES = ("a%00b", "a%2Fb", "%2e%2e", "*", ">", "a.b", "%ff", "%0a", "a" * 3_000, "%F0%9F%92%A9")
QUERIES = ("limit=" + "9" * 5_000, "limit=%00", "since=9999-99-99", "since=%00", "cursor=%00%ff", "job_id=*")


def _path(template: str, place: str) -> str:
    return re.sub(r"\{\w+\}", place, template)


def _check(answer: httpx.Response, *what: str) -> None:
    # 503: the history is not there in these tests.
    assert answer.status_code < 500 or answer.status_code == 503, (*what, answer.status_code, answer.text)


@pytest.mark.parametrize("name", BODIES)
async def test_no_body_is_a_fault(running: Running, name: str) -> None:
    for route in sorted(ACCESS):
        method, _, template = route.partition(" ")
        if method in ("POST", "PUT", "PATCH"):
            answer = await running.http.request(method, _path(template, "default"), content=BODIES[name])
            _check(answer, route, name)


async def test_no_place_and_no_query_is_a_fault(running: Running) -> None:
    for route in sorted(ACCESS):
        method, _, template = route.partition(" ")
        body = None if method == "GET" else b'{"value": "abcdefgh"}'
        for place in PLACES if "{" in template else ():
            _check(await running.http.request(method, _path(template, place), content=body), route, place)
        # What follows everything has no end; all that its query may be is read before it begins.
        follows = "&follow=false" if route in STREAMS else ""
        for query in QUERIES if method == "GET" and "{" not in template else ():
            _check(await running.http.get(f"{template}?{query}{follows}"), route, query)
