"""No template and no payload takes long, or much memory, whatever the two of them try."""

import resource
import time
from typing import Any

import pytest

from tests.unit.prompts.given import outcome, remainder

CPU_SECONDS = 10
"""A deadline, not a measure: what is not bounded takes minutes."""
"""Some 0.1 s at the most on a machine of its own."""
MEGABYTES = 64


def _deep(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"a": [value]}
    return value


PAYLOAD: Any = {
    "list": list(range(100_000)),
    "texts": ["x" * 20_000] * 1_000,
    "text": "é<" * 500_000,
    "ascii": "a" * 1_000_000,
    "keys": {f"k{at}": at for at in range(100_000)},
    "deep": _deep(400),
    "deeps": [_deep(400)] * 200,
    "escapes": "\x1b" * 100_000,
    "number": 10**5_000,
}
VARIABLES = {"BIG": "v" * 100_000}

FOR = "{% for a in payload.text %}"
END = "{% endfor %}"
HOSTILE = [
    FOR + FOR + FOR + END * 3,
    "{% for a in payload.list %}{% for b in payload.list %}{{ b }}" + END * 2,
    "{% for a in payload.list %}{% if a in payload.list %}{% endif %}" + END,
    FOR + "{% if payload.text in payload.ascii %}{% endif %}" + END,
    FOR + "{% if payload.texts == payload.texts or payload.deep == payload.deeps %}{% endif %}" + END,
    FOR + "{% if payload.text | title | upper | title == 'x' %}{% endif %}" + END,
    FOR + "{% if payload.list | join == 'x' %}{% endif %}" + END,
    FOR + "{% if payload.keys | items | first %}{% endif %}" + END,
    FOR + "{% if payload | length %}{% endif %}{% if payload.keys | length %}{% endif %}" + END,
    FOR + "{{ ('' ~ payload ~ payload ~ payload) | truncate(1) }}" + END,
    FOR + "{{ ('' ~ payload.deep) | truncate(1) }}" + END,
    FOR + "{{ ('' ~ payload.keys ~ payload.keys)[0:1] }}" + END,
    "{% set s = job.variables.BIG %}" + FOR + "{% if s | title == s %}{% endif %}" + END,
    "{% set s = job.variables.BIG %}" + FOR + "{{ s }}" + END,
    "{% set s = job.variables.BIG %}"
    + FOR
    + "{% if s in s and s is startingwith s and s[1:] == s %}{% endif %}"
    + END,
    "{% set s = payload.ascii %}"
    + FOR
    + "{% if s in s and s is startingwith s and s[1:] == s %}{% endif %}"
    + END,
    "{% for a in payload.list[0:10] %}{% for b in payload.list %}" + END * 2,
    "{{ payload.list[::-1] | first }}",
    "{{ payload.list | length }}{{ payload.list | last }}",
    "{% set s = job.variables.BIG %}{{ s ~ s ~ s ~ s ~ s ~ s ~ s ~ s }}",
    FOR + "t" * 60_000 + END,
    FOR + "{{ 1 }}" * 900 + END,
    "{{ payload.ascii | replace('a', payload.ascii) }}",
    "{{ job.variables.BIG | replace('', job.variables.BIG) }}",
    "{{ payload.texts | join(payload.ascii) }}",
    "{{ payload.list[0:100000] | last }}",
    "{{ payload.list[-99999:] | join }}",
    "{% for a in payload.deeps %}{{ a }}" + END,
    "{% for a in payload.deeps %}{{ a ~ a }}" + END,
    "{% for a in payload.list %}{{ payload.escapes }}{{ payload.text }}" + END,
    "{{ payload.number }}{{ payload }}{{ payload.number ~ payload.number }}",
    "{{ fired_at | date('%999999999Y') }}{{ fired_at | date('%Y%9999999d') }}",
    "{{ fired_at | date(payload.ascii) }}",
    "{{ payload.ascii | truncate(99999999999999999999) }}{{ 'a' | truncate(0, payload.ascii) }}",
    "{{ payload.ascii[99999999999999999999:] }}{{ payload.ascii[:-99999999999] }}",
]


@pytest.mark.parametrize("source", HOSTILE, ids=[source[:60] for source in HOSTILE])
def test_a_rendering_ends_soon_and_stays_small(source: str) -> None:
    memory, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    text, _ = outcome(source, PAYLOAD, VARIABLES)
    assert time.process_time() - start < CPU_SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < MEGABYTES * 1024
    assert len(text.encode()) <= 128 * 1024
    assert "é" not in remainder(text)


def test_loops_that_run_too_often_are_told_so() -> None:
    loops = FOR + FOR + FOR + END * 3
    assert outcome(loops, {"text": "x" * 100}) == (
        "",
        "Line 1: the prompt takes too long: its loops run too often.",
    )
    assert "looks at more than 20,000 values" in outcome("{{ payload | length }}", PAYLOAD["keys"])[1]


def test_a_loop_over_a_thousand_elements_is_not_too_much() -> None:
    source = "{% for c in payload %}- {{ c.id }}: {{ c.message | truncate(20) }}\n{% endfor %}"
    commits = [{"id": at, "message": "m" * 30} for at in range(1_000)]
    text, problem = outcome(source, commits)
    assert problem == ""
    assert text.count("\n") == 1_000
