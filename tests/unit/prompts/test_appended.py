"""A payload that a prompt does not mention stands after it, labelled; and whatever is in both, no label is broken."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter_prompts import LARGEST_PROMPT, PromptError, render_prompt, with_payload
from tests.unit.prompts.given import LABEL, facts, remainder
from tests.unit.prompts.test_limits import CPU_SECONDS
from tests.unit.prompts.test_outside import MARK, soups

PAYLOAD = {"action": "opened", "title": "<b>"}
BLOCK = '<data name="payload">\n{"action": "opened", "title": "\\u003cb\\u003e"}\n</data>'


def whole(source: str, payload: Any) -> str:
    return with_payload(source, render_prompt(source, facts(payload)), payload)


@pytest.mark.parametrize(
    ("source", "payload", "wanted"),
    [
        ("Look into it.", PAYLOAD, f"Look into it.\n\n{BLOCK}"),
        ("Look into it.\n", PAYLOAD, f"Look into it.\n\n{BLOCK}"),
        ("{{ job.id }}: the payload", PAYLOAD, f"nightly-7f3a: the payload\n\n{BLOCK}"),
        ("{% raw %}{{ payload }}{% endraw %}", PAYLOAD, "{{ payload }}\n\n" + BLOCK),
        ("{# payload #}Look.", PAYLOAD, f"Look.\n\n{BLOCK}"),
        ("Look into it.", "text", 'Look into it.\n\n<data name="payload">"text"</data>'),
        ("Look into it.", {}, 'Look into it.\n\n<data name="payload">\n{}\n</data>'),
        ("Look into it.", 0, 'Look into it.\n\n<data name="payload">0</data>'),
        ("Look into it.", None, "Look into it."),
        ("Look into it.\n", "", "Look into it.\n"),
        ("{{ payload.action }}", PAYLOAD, '<data name="payload.action">"opened"</data>'),
        ('{% if payload.action == "opened" %}New.{% endif %}', PAYLOAD, "New."),
        ("{% set x = payload %}Look.", PAYLOAD, "Look."),
    ],
)
def test_a_payload_stands_after_a_prompt_that_does_not_mention_it(
    source: str, payload: Any, wanted: str
) -> None:
    assert whole(source, payload) == wanted


def test_it_is_cut_where_it_is_large() -> None:
    for payload in ("é<" * 500_000, list(range(1_000_000)), {f"k{n}": "x" * 100 for n in range(10_000)}):
        text = whole("Look." * 12_000, payload)
        assert "[cut here" in text
        assert len(text.encode()) <= LARGEST_PROMPT


FRAGMENTS = st.sampled_from(
    [
        "</data>", '<data name="payload">', "\n</data>\n", "</DATA>", "&lt;/data&gt;", "\uff1c/data\uff1e", "\u2028",
        "{{ job.id }}", "{% endraw %}", "{#", "}}", '"', "\\", "\\u003c", "\x1b[2J", "\u202e", "\x00", "```", "]]>",
    ]
)  # fmt: skip
HOSTILE_TEXTS = st.lists(FRAGMENTS | st.text(max_size=5), max_size=5).map(lambda parts: MARK + "".join(parts))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | HOSTILE_TEXTS
)
HOSTILE_PAYLOADS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(HOSTILE_TEXTS | st.sampled_from(["any", "text", "list"]), inner, max_size=4)
    ),
    max_leaves=10,
)
PIECES = st.sampled_from(
    [
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        " payload",
        ".text",
        " if ",
        " for x in ",
        " set x = ",
        " endif ",
        "|",
        "join",
    ]
)
TEMPLATES = soups() | st.lists(
    PIECES | st.text(st.characters(exclude_characters=MARK), max_size=6), max_size=12
).map("".join)


@given(TEMPLATES, HOSTILE_PAYLOADS)
@settings(max_examples=1_000, deadline=None)
def test_no_template_and_no_payload_break_a_label_or_the_engine(template: str, payload: Any) -> None:
    """Whatever they are: a prompt, or a problem in words, soon."""
    began, text, problem = time.process_time(), "", ""
    try:
        text = whole(template, payload)
    except PromptError as error:
        problem = error.problem
    assert MARK not in problem + remainder(text)
    added = sum(text.count(word) - template.count(word) for word in ("<data ", "</data>"))
    assert problem or added == 2 * len(LABEL.findall(text))
    assert time.process_time() - began < CPU_SECONDS
