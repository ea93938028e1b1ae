"""What prompts become."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter_prompts import PromptError, check_prompt, names_used, render_prompt
from lamplighter_prompts.program import compiled, compiled_long, compiled_short
from tests.unit.prompts.given import VARIABLES, facts, rendered

PAYLOAD = {
    "action": "opened",
    "n": 7,
    "on": True,
    "nothing": None,
    "labels": ["bug", "ui"],
    "user": {"login": "ada", "items": 3},
    "commits": [{"id": "c1"}, {"id": "c2"}],
}

BECOMES = [
    ("{{ scheduled_at }}", "2026-03-01T23:30:00Z"),
    ("{{ fired_at }}", "2026-03-01T23:30:00.250Z"),
    ("{{ scheduled_at | date }}", "2026-03-02"),
    ('{{ scheduled_at | date("%Y-%m-%d %H:%M") }}', "2026-03-02 00:30"),
    ('{{ scheduled_at | date("%A %d %B", "America/New_York") }}', "Sunday 01 March"),
    ('{{ "2026-07-01T12:00:00" | date("%H:%M") }}', "14:00"),
    ("{{ previous.finished_at | ago }}", "39 hours ago"),
    (
        "{{ job.id }}, {{ job.name }}, {{ job.description }}",
        "nightly-7f3a, Nightly report, Writes the report.",
    ),
    ("{{ job.timezone }} {{ job.environment }}", "Europe/Paris production"),
    ("{{ job.variables.BRANCH }}, {{ job.variables.items }}", "main, of the job"),
    ("{{ previous.exists }} {{ previous.execution_id }}", "true 0197-e1"),
    ("{{ previous.finished_at }}", "2026-02-28T08:00:00Z"),
    (
        "{{ job.name | upper }}{{ job.name | lower }}{{ job.id | capitalize }}",
        "NIGHTLY REPORTnightly reportNightly-7f3a",
    ),
    ("{{ ' a ' | trim }}{{ 'ab cd' | title }}{{ 'aXa' | replace('X', '-') }}", "aAb Cda-a"),
    ("{{ 'abcdef' | truncate(3) }} {{ 'abc' | truncate(3) }} {{ 'abcd' | truncate(2, '') }}", "abc… abc ab"),
    ("{{ job.id ~ '/' ~ 7 }}", "nightly-7f3a/7"),
    ("{{ 1 == 1 }} {{ 1.5 }} {{ none }}", "true 1.5 null"),
    ("{% for i in [1, 'two', -3] %}{{ loop.index }}:{{ i }} {% endfor %}", "1:1 2:two 3:-3 "),
    ("{% set x = job.id %}{% if x is endingwith '7f3a' %}{{ x | length }}{% endif %}", "12"),
    ("a  {%- if true -%}  b  {%- endif -%}  \n c {#- gone -#} d", "abcd"),
    ("{% raw %}{{ job.id }}{% endraw %} {% raw -%}  {% x %}  {%- endraw %}", "{{ job.id }} {% x %}"),
    ("{% raw %}a{% endraw -%}  b", "ab"),
    ('{{ "{{ job.id }}" }} { {# #}{ job.id } }', "{{ job.id }} { { job.id } }"),
    ("\r\nlines\r\n{{ job.id }}\r\n", "\r\nlines\r\nnightly-7f3a\r\n"),
    # Conditions on what came from outside.
    ("{% if payload.action == 'opened' %}new{% else %}old{% endif %}", "new"),
    ("{% if payload.action in ['closed', 'merged'] %}done{% else %}open{% endif %}", "open"),
    ("{% if 'bug' in payload.labels and payload.labels | length > 1 %}bug{% endif %}", "bug"),
    (
        "{% if 'user' in payload and 'pen' in payload.action and payload.n >= 7 and payload.on %}all{% endif %}",
        "all",
    ),
    ("{% if payload.nope is defined or payload.nothing is not none %}x{% else %}y{% endif %}", "y"),
    (
        "{% if payload.user is mapping and payload.labels is sequence and payload.n is number %}types{% endif %}",
        "types",
    ),
    ("{% if payload.nope | default('') %}x{% else %}y{% endif %}", "y"),
    ("{% if payload.nothing | default('is none', true) == 'is none' %}y{% endif %}", "y"),
    ("{% for c in payload.commits if c.id != 'c1' %}- one\n{% endfor %}", "- one\n"),
    ("{% for k, v in payload.user | items %}x{% endfor %}{% for k in payload.user %}y{% endfor %}", "xxyy"),
    ("{% for c in payload.commits[0:1] %}{{ loop.index }}/{{ loop.length }}{% endfor %}", "1/1"),
]


@pytest.mark.parametrize(("source", "expected"), BECOMES, ids=[source[:40] for source, _ in BECOMES])
def test_what_a_prompt_becomes(source: str, expected: str) -> None:
    check_prompt(source, VARIABLES)
    assert rendered(source, PAYLOAD) == expected


def test_where_nothing_was_before_there_are_empty_texts() -> None:
    source = (
        "[{{ previous.result }}{{ previous.execution_id }}{{ previous.finished_at }}"
        "{{ previous.finished_at | date('%d') }}{{ previous.finished_at | ago }}]{{ previous.exists }}"
    )
    assert render_prompt(source, facts(previous=None)) == "[]false"


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=47), "47 hours ago"),
        (timedelta(days=2), "2 days ago"),
        (timedelta(days=-400), "in 400 days"),
    ],
)
def test_ago_is_told_from_the_decision(before: timedelta, expected: str) -> None:
    given_facts = facts()
    earlier = replace(given_facts, scheduled_at=given_facts.fired_at - before)
    assert render_prompt("{{ scheduled_at | ago }}", earlier) == expected


ABSENT = [
    ("{{ payload.nope }}", "Line 1: `payload.nope` has no value this time"),
    (
        "\n{{ payload.user.nope }}",
        'Line 2: `payload.user.nope` has no value this time: where it may be absent, write `| default("...")`',
    ),
    (
        "a\n\n {%- if 1 -%}\n\n{%- endif %}{# \n #}{% raw %}\n{% endraw %}\n{{ payload.nope }}",
        "Line 8: `payload.nope` has",
    ),
    ("{{ payload.nope.deeper }}", "`payload.nope` has no value"),
    ("{{ payload.labels[9] }}", "`payload.labels[9]` has no value"),
    ("{% if payload.nope == 1 %}{% endif %}", "`payload.nope` has no value"),
    ("{% if payload.nope %}{% endif %}", "`payload.nope` has no value"),
    ("{% for x in payload.nope %}{% endfor %}", "`payload.nope` has no value"),
    ("{{ payload.nope ~ 'x' }}", "`payload.nope` has no value"),
    ("{% set y = payload.nope %}\n{{ y }}", "Line 2: `y` has no value"),
    ("{{ 'x' if not payload.on }}", "has no value"),
    ("\n{{ payload.nope | upper }}", "Line 2: the filter `upper` was given nothing"),
    ("{{ job.id | upper }}\n{{ payload.user | upper }}", "Line 1 or 2: the filter `upper` works on text"),
    ("{{ payload.labels | items }}", "the filter `items` works on an object"),
    ("{{ payload.action | join }}", "the filter `join` works on a list"),
    ("{{ payload.action | date }}", "the filter `date` works on a time such as"),
    (
        "{{ fired_at | date('%H', payload.action) }}",
        "the filter `date` was given a time zone that is not known",
    ),
    ("{{ job.id | truncate('x') }}", "the filter `truncate` takes a number"),
    ("{% for x in payload.n %}{% endfor %}", "Line 1: the prompt cannot be rendered: number is not iterable"),
    ("{{ job.variables.GONE }}", "`job.variables.GONE` has no value"),
]


@pytest.mark.parametrize(("source", "expected"), ABSENT, ids=[source[:40] for source, _ in ABSENT])
def test_why_there_is_no_prompt(source: str, expected: str) -> None:
    with pytest.raises(PromptError) as caught:
        rendered(source, PAYLOAD)
    assert expected in caught.value.problem


@pytest.mark.parametrize(
    "name",
    ["items", "keys", "get", "update", "pop", "copy", "append", "sort", "__class__", "_value", "_budget"],
)
@pytest.mark.parametrize("at", ["payload", "payload.user", "payload.labels"])
def test_methods_and_attributes_of_python_are_not_there(name: str, at: str) -> None:
    payload = {"user": {"login": "ada"}, "labels": ["bug"]}
    with pytest.raises(PromptError, match="has no value"):
        rendered(f"{{{{ {at}.{name} }}}}", payload)


def test_half_a_surrogate_pair_is_a_text_like_any_other() -> None:
    payload = {"text": "\ud83d", "\ud83d": 1}
    assert (
        rendered(
            "{% if payload.text is string and payload.text == '?' and '?' in payload %}yes{% endif %}",
            payload,
        )
        == "yes"
    )
    with pytest.raises(PromptError, match="has no value"):
        rendered("{{ payload.text.upper }}", payload)


def test_a_key_is_found_whatever_its_name() -> None:
    keys = ["items", "keys", "__class__", "_value", "loop", "not", "payload"]
    payload = {key: {"items": f"v{at}"} for at, key in enumerate(keys)}
    text = rendered("".join(f"{{{{ payload.{key}.items }}}}" for key in keys), payload)
    assert all(f'"v{at}"' in text for at in range(len(keys)))


def test_a_rendering_changes_nothing_it_was_given() -> None:
    payload = {"a": [1, {"b": "c"}]}
    rendered("{{ payload }}{% for x in payload.a %}{{ x }}{% endfor %}{{ payload | items }}", payload)
    assert payload == {"a": [1, {"b": "c"}]}


def test_what_a_value_holds_is_not_rendered_again() -> None:
    given_facts = facts({"a": "{{ job.id }}{% raw %}"}, variables={"A": "{{ payload.a }}{# #}"})
    text = render_prompt("{{ job.variables.A }} {{ payload.a }} {{ previous.result }}", given_facts)
    assert text == (
        '{{ payload.a }}{# #} <data name="payload.a">"{{ job.id }}{% raw %}"</data>'
        ' <data name="previous.result">"All \\u003cwell\\u003e.\\n{{ job.id }}"</data>'
    )


def test_a_result_larger_than_the_limit_is_an_error() -> None:
    fits = facts(variables={"A": "é" * 65_536})
    assert len(render_prompt("{{ job.variables.A }}", fits).encode()) == 128 * 1024
    with pytest.raises(PromptError, match="larger than 128 KiB"):
        render_prompt("{{ job.variables.A }}.", fits)


def test_the_names_a_prompt_uses() -> None:
    assert names_used("plain { text }") == frozenset()
    assert names_used("{{ 'payload' }}{# job #}{% raw %}{{ previous }}{% endraw %}payload") == frozenset()
    source = "{% for x in payload.job %}{{ x.fired_at }}{{ job.id }}{% endfor %}{% if previous.result %}{% endif %}"
    assert names_used(source) == {"payload", "previous", "job"}


def test_compiled_prompts_are_kept_and_their_number_is_bounded() -> None:
    assert compiled("{{ job.id }}") is compiled("{{ job.id }}")
    assert compiled_short.cache_info().maxsize == 512

    compiled("{{ job.id }}" + "." * 4_096)
    assert compiled_long.cache_info().currsize > 0
    assert compiled_long.cache_info().maxsize == 32


TEXTS = st.text(st.sampled_from("ab \n\r\t\"'\\{}%#-|é\u2028"), max_size=60)


def _is_plain(text: str) -> bool:
    return not any(marker in text for marker in ("{{", "{%", "{#"))


@given(TEXTS.filter(_is_plain), TEXTS.filter(_is_plain), TEXTS)
@settings(max_examples=300, deadline=None)
def test_text_is_kept_to_the_character(before: str, after: str, raw: str) -> None:
    assert rendered(before) == before
    # A brace right before a tag would be another tag.
    before, after = before.rstrip("{"), after.rstrip("{")
    assert rendered(f"{before}{{{{ job.id }}}}{after}") == f"{before}nightly-7f3a{after}"
    assert rendered(f"{{% raw %}}{raw}{{% endraw %}}") == raw
    assert rendered("{% for x in [1, 2] %}" + after + "{% endfor %}") == after * 2


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)))  # noqa: DTZ001
@settings(max_examples=50, deadline=None)
def test_any_instant_can_be_written(instant: datetime) -> None:
    text = render_prompt("{{ scheduled_at | date('%d', 'UTC') }}", replace(facts(), scheduled_at=instant))
    assert text == f"{instant.day:02}"
