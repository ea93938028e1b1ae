"""What is refused when a prompt is saved, and that the sentence says where and what would be right."""

import pytest

from lamplighter_prompts import PromptError, check_prompt
from tests.unit.prompts.given import VARIABLES

REFUSED = [
    # Names.
    ("{{ sheduled_at }}", "there is no name 'sheduled_at': did you mean 'scheduled_at'?"),
    ("one\ntwo\n{{ paylod.x }}", "Line 3: there is no name 'paylod': did you mean 'payload'?"),
    ("{{ job.id\n}}{{\njbo.id }}", "Line 3: there is no name 'jbo'"),
    ("{{ date }}", "allowed are fired_at, job, payload, previous, scheduled_at."),
    ("${{ secrets.TOKEN }}", "go between {% raw %} and {% endraw %}."),
    ("{{ job.nmae }}", "there is no field `job.nmae`: did you mean 'name'?"),
    ("{{ previous.reslut }}", "there is no field `previous.reslut`: did you mean 'result'?"),
    ("{% for x in payload %}{{ loop.indx }}{% endfor %}", "did you mean 'index'?"),
    ("{% for x in payload %}{{ loop.previtem }}{% endfor %}", "there is no field `loop.previtem`"),
    ("{{ loop.index }}", "there is no name 'loop'"),
    ("{{ job.variables.BRANHC }}", "the job has no variable 'BRANHC': did you mean 'BRANCH'?"),
    ("{{ job.variables.NOPE }}", "allowed are BRANCH, items."),
    ("{{ job.variables }}", "followed by the name of a variable"),
    ('{{ job.variables["BRANCH"] }}', "followed by the name of a variable"),
    ("{{ job }}", "`job` is followed by one of its fields: `job.description`"),
    ("{{ previous }}", "`previous` is followed by one of its fields"),
    ('{{ previous["result"] }}', "`previous` is followed by one of its fields"),
    ("{{ scheduled_at.year }}", '{{ scheduled_at | date("%Y-%m-%d") }}'),
    ("{{ __printer }}", "there is no name '__printer'"),
    ("{{ __missing }}", "there is no name '__missing'"),
    ("{{ self }}", "there is no name 'self'"),
    ("{{ naïve }}", "'ï' is not understood"),
    # Workers.
    ("{{ job.id | uper }}", "there is no filter 'uper': did you mean 'upper'?"),
    ("{{ job.id | safe }}", "there is no filter 'safe'"),
    ("{{ job.id | __print }}", "there is no filter '__print'"),
    ("{{ payload | map('x') }}", "there is no filter 'map'"),
    ("{{ job.id | attr('x') }}", "there is no filter 'attr'"),
    ("{% if job.id is odd %}{% endif %}", "there is no test 'odd'"),
    ("{% if job.id is not sring %}{% endif %}", "did you mean 'string'?"),
    ("{{ payload | first.x }}", "needs brackets: `(a | first).b`"),
    ("{{ job.id | replace('a') }}", "`replace` takes 2 arguments, and was given 1."),
    ("{{ job.id | upper(1) }}", "`upper` takes 0 arguments, and was given 1."),
    ("{{ job.id | date('a', 'UTC', 'c') }}", "`date` takes 0 or 1 or 2 arguments, and was given 3."),
    ("{{ job.id | replace }}", "`replace` takes 2 arguments, and was given 0."),
    ("{{ job.id is startingwith }}", "`startingwith` takes 1 arguments, and was given 0."),
    (
        "{{ fired_at | date('%H', 'Europe/Pariz') }}",
        "'Europe/Pariz' is not known: did you mean 'Europe/Paris'?",
    ),
    ("{{ fired_at | date('%H', '../../etc/passwd') }}", "give one such as 'Europe/Paris' or 'UTC'"),
    ("{{ fired_at | date(zone='UTC') }}", "there is no name 'zone'"),
    ("{{ payload | join(payload='x') }}", "arguments have no names"),
    # Calls, arithmetic, values that are built.
    (
        "{{ payload.items() }}",
        "`items(` is a call, and a prompt calls nothing but filters. The pairs of an object",
    ),
    ("{{ payload.update({}) }}", "is a call"),
    ("{{ (payload.items)() }}", "is a call"),
    ("{{ payload[0]() }}", "is a call"),
    ("{{ 'x'.upper() }}", "is a call"),
    ("{{ range(1000000000) }}", "there is no name 'range'"),
    ("{{ dict(a=1) }}", "there is no name 'dict'"),
    ("{{ debug() }}", "there is no name 'debug'"),
    ('{{ "a" * 1000000000 }}', "a prompt does not count: `*` is not allowed."),
    ("{{ 1 + 1 }}", "`+` is not allowed"),
    ("{{ 2 ** 1000000 }}", "`**` is not allowed"),
    ("{{ 2 - 1 }}", "`-` stands before a number only"),
    ("{{ -payload.n }}", "`-` stands before a number only"),
    ("{{ '%999999999d' % 1 }}", "`%` is not allowed"),
    ("{{ [1, 2] }}", "a prompt builds no lists"),
    ("{{ (1, 2) }}", "a prompt builds no lists"),
    ("{% set a = 1, 2 %}", "a prompt builds no lists"),
    ("{% if job.id in [job.name] %}{% endif %}", "a prompt builds no lists"),
    ("{% if job.id in [[1]] %}{% endif %}", "a prompt builds no lists"),
    ('{{ {"a": 1} }}', "a prompt builds no objects"),
    ("{{ payload[::-1] }}", "`:` stands once, between the ends of a slice"),
    ("{{ payload.a : 1 }}", "`:` stands once"),
    ("{% set a = job.id ~ job.id %}", "`~` joins inside `{{ }}` only"),
    ("{% if job.id ~ job.id == 'x' %}{% endif %}", "`~` joins inside `{{ }}` only"),
    ("{{ 1" + " ~ 1" * 9 + " }}", "more than 8 `~` stand in one tag"),
    # Statements.
    (
        '{% include "x" %}',
        "a prompt has no `{% include %}`: allowed are elif, else, endfor, endif, for, if, raw, set.",
    ),
    ('{% extends "x" %}', "a prompt has no `{% extends %}`"),
    ('{% import "x" as y %}', "a prompt has no `{% import %}`"),
    ('{% from "x" import y %}', "a prompt has no `{% from %}`"),
    ("{% macro m() %}{% endmacro %}", "a prompt has no `{% macro %}`"),
    ("{% call m() %}{% endcall %}", "a prompt has no `{% call %}`"),
    ("{% block b %}{% endblock %}", "a prompt has no `{% block %}`"),
    ("{% filter upper %}{% endfilter %}", "a prompt has no `{% filter %}`"),
    ("{% with x = payload %}{% endwith %}", "a prompt has no `{% with %}`"),
    ("{% autoescape false %}{% endautoescape %}", "a prompt has no `{% autoescape %}`"),
    ("{% do payload.update() %}", "a prompt has no `{% do %}`"),
    ("{% fi %}", "a prompt has no `{% fi %}`"),
    ("{% %}", "a prompt has no `{% ... %}`"),
    ("{% set x %}text{% endset %}", "`{% set name = ... %}`"),
    ("{% set a, b = payload %}", "`{% set name = ... %}`"),
    ("{% set x.y = 1 %}", "`{% set name = ... %}`"),
    ("{% set payload = 1 %}", "'payload' cannot be set"),
    ("{% set loop = 1 %}", "'loop' cannot be set"),
    ("{% set true = 1 %}", "'true' cannot be set"),
    ("{% set _x = 1 %}", "'_x' cannot be set"),
    ("{% set __printer = 1 %}", "'__printer' cannot be set"),
    ("{% for job in payload %}{% endfor %}", "'job' cannot be set"),
    ("{% for a, previous in payload %}{% endfor %}", "'previous' cannot be set"),
    ("{% for a, b, c in payload %}{% endfor %}", "a loop is written `{% for x in ... %}`"),
    ("{% for x of payload %}{% endfor %}", "a loop is written `{% for x in ... %}`"),
    ("{% for x in payload recursive %}{% endfor %}", "there is no name 'recursive'"),
    ("{% else if job.id %}", "`{% else %}` stands alone"),
    # What cannot be read.
    (
        "a\n{{ job.id",
        "Line 2: `{{` is not closed with `}}`. Braces that are meant as they stand go between {% raw %}",
    ),
    ("{% if job.id", "`{%` is not closed with `%}`"),
    ("{# never", "the comment `{#` is not closed"),
    ("{% raw %}{{ x }}", "`{% raw %}` is not closed with `{% endraw %}`"),
    ("{{ 'a }}", "a text is not closed inside `{{ }}`"),
    ("{{ job.id ! }}", "'!' is not understood"),
    ("{{ }}", "nothing stands in `{{"),
    ("{% if %}{% endif %}", "nothing stands in `{% if`, where a value should"),
    ("{{ job.id job.name }}", "Line 1: unexpected identifier"),
    ("\n{{ job.id | }}", "Line 2: unexpected"),
    ("{{ (job.id }}", "unexpected"),
    (
        "{% if 1 %}\n{% for x in payload %}\n{% endif %}",
        "Line 3: `{% endif %}` closes the `{% for %}` of line 2",
    ),
    ("\n{% if 1 %}", "Line 2: `{% if %}` is not closed with `{% endif %}`"),
    ("{% endfor %}", "`{% endfor %}` closes nothing"),
    ("\ud800{{ job.id }}", "half of a surrogate pair"),
]


@pytest.mark.parametrize(("source", "expected"), REFUSED, ids=[source[:40] for source, _ in REFUSED])
def test_what_cannot_be_rendered_is_refused_with_its_line(source: str, expected: str) -> None:
    with pytest.raises(PromptError) as caught:
        check_prompt(source, VARIABLES)
    assert expected in caught.value.problem
    assert caught.value.problem.startswith("Line ")
    assert str(caught.value) == caught.value.problem


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ 1 }}" * 1_001, "the prompt has 1,001 tags, where 1,000 is the most."),
        ("{{ 1" + " and 1" * 100 + " }}", "the tag has more than 200 parts"),
        ("{{ " + "not " * 15_000 + "1 }}", "the tag has more than 200 parts"),
        ("{{ " + "-" * 20_000 + "1 }}", "the tag has more than 200 parts"),
        ("{{ 1 }}" + "x" * 65_536, "65,536 is the most"),
        ("{{ " + "(" * 90 + "1" + ")" * 90 + " }}", "recursion"),
        ("{% if 1 %}" * 400 + "{% endif %}" * 400, "recursion"),
        ("{% if 1 %}" + "{% elif 1 %}" * 2_000 + "{% endif %}", "1,000 is the most"),
    ],
    ids=["tags", "parts", "nots", "minuses", "length", "brackets", "nesting", "branches"],
)
def test_sources_that_would_exhaust_the_engine_never_reach_it(source: str, expected: str) -> None:
    with pytest.raises(PromptError, match=expected):
        check_prompt(source, ())


@pytest.mark.parametrize(
    "source",
    [
        "A plain text with { braces }, 100 % and #.",
        "{{ scheduled_at }} {{ fired_at | date }} {{ fired_at | date('%A', 'Asia/Tokyo') }}",
        "{{ job.id }}{{ job.name }}{{ job.description }}{{ job.timezone }}{{ job.environment }}",
        "{{ job.variables.BRANCH }}{{ job.variables.items }}",
        "{% if previous.exists %}{{ previous.result | truncate(200) }} {{ previous.finished_at | ago }}{% endif %}",
        "{% if payload.a == 'x' and not payload.b or payload.c in ['d', -1, true] %}{% elif 1 %}{% else %}{% endif %}",
        "{% for key, value in payload | items if value is not none %}{{ loop.index }}{% else %}none{% endfor %}",
        "{% set y = payload.a.b[0]['c'][-1][1:3] %}{{ y | default(\"none\") | upper ~ '!' }}",
        "{{ 'yes' if payload.x is defined and payload.x is startingwith 'y' else 'no' }}",
        "{% raw %}{{ whatever }} {% anything %}{% endraw %}{# and a {{ comment }} #}",
        "{{- job.id -}} {%- if 1 -%} x {%- endif -%}",
        '{{ "}}" }}{{ "{% raw %}" }}',
    ],
)
def test_what_may_be_saved(source: str) -> None:
    check_prompt(source, VARIABLES)
