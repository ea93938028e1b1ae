"""Whatever a payload holds, what is outside of the labels was written by the prompt's author."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.prompts.given import outcome, remainder

MARK = "Ж"
"""In every text of these payloads, and in no template."""

TEXTS = st.text(max_size=20).map(lambda text: MARK + text)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
PAYLOADS = st.fixed_dictionaries(
    {"any": VALUES, "text": TEXTS, "list": st.lists(TEXTS, min_size=2, max_size=2)}
)

FILTERS = st.sampled_from([
    "upper", "lower", "title", "capitalize", "trim", "json", "tojson", "first", "last", "length", "items", "join",
    "join(', ')", "truncate(5)", "replace('a', 'b')", "default('d')", "date", "ago",
])  # fmt: skip
PATHS = st.sampled_from(
    [
        "payload",
        "payload.any",
        "payload.text",
        "payload.list",
        "payload.list[0]",
        "payload.list[0:1]",
        "payload.none",
    ]
)


@st.composite
def expressions(draw: st.DrawFn, names: st.SearchStrategy[str] = PATHS) -> str:
    """An expression that mentions the payload."""
    made = draw(names)
    for _ in range(draw(st.integers(0, 2))):
        made = draw(
            st.sampled_from(
                [
                    f"({made}) | {draw(FILTERS)}",
                    f"'text' ~ ({made})",
                    f"({made}) ~ job.id",
                    f"({made})[1:]",
                    f"({made})[0]",
                    f"({made}) if 1 else 'no'",
                    f"'a' | replace('a', ({made}))",
                    f"({made}) == 'x'",
                ]
            )
        )
    return made


@st.composite
def pieces(draw: st.DrawFn) -> str:
    """A part of a template whose text does not depend on what the payload says: it has no condition on it."""
    made = draw(expressions())
    inner = draw(expressions(st.just("x")))
    return draw(
        st.sampled_from(
            [
                f"a {{{{ {made} }}}} b",
                f"c {{% for x in payload.list %}}- {{{{ {inner} }}}} {{{{ loop.index }}}}\n{{% endfor %}}",
                f"d {{% set x = payload.text %}}{{{{ {inner} }}}}",
                f"e {{% set y = payload.list %}}{{% for x in y %}}{{{{ {inner} }}}}{{% endfor %}}",
                "f {{ job.name }}{{ scheduled_at }}",
                "g {% for k, v in payload | items %}{{ k }}={{ v }}, {% endfor %}",
            ]
        )
    )


TEMPLATES = st.lists(pieces(), min_size=1, max_size=4).map("\n".join)


def _resaid(value: Any) -> Any:
    """The same shape with other texts."""
    if isinstance(value, str):
        return MARK + value[:0:-1] + "<other>"
    if isinstance(value, list):
        return [_resaid(part) for part in value]
    return {key: _resaid(part) for key, part in value.items()} if isinstance(value, dict) else value


@given(TEMPLATES, PAYLOADS)
@settings(max_examples=500, deadline=None)
def test_what_is_outside_of_the_labels_does_not_depend_on_what_a_payload_says(
    template: str, payload: Any
) -> None:
    text, problem = outcome(template, payload)
    other, other_problem = outcome(template, _resaid(payload))
    assert MARK not in problem
    if not problem and not other_problem:
        assert remainder(text) == remainder(other)
        assert MARK not in remainder(text)


WORDS = st.sampled_from([
    "payload", "payload.text", "x", "y", "job.id", "previous.result", "'s'", '"q"', "1", "(", ")", "[", "]", "|", ".",
    ",", ":", "~", "==", "in", "is", "not", "and", "if", "else", "upper", "join", "default", "first", "items", "text",
    "list", "defined", "-", "=",
])  # fmt: skip
NAMED = expressions(PATHS | st.sampled_from(["x", "y", "job.id"]))
INSIDE = NAMED | NAMED | NAMED | st.lists(WORDS, max_size=6).map(" ".join)
BRACES = st.sampled_from(
    ["{{", "}}", "{%", "%}", "{#", "#}", "{% raw %}", "{% endraw %}", "{", "}", '"', "'", "\n", "{{'"]
)
SOUP = st.lists(
    st.one_of(
        INSIDE.map(lambda inside: f"{{{{ {inside} }}}}"),
        INSIDE.map(lambda inside: f"{{% if {inside} %}}text{{{{ x | upper }}}}{{% endif %}}"),
        INSIDE.map(
            lambda inside: f"{{% set x = {inside} %}}{{{{ x }}}}{{% set y = x %}}{{{{ y ~ job.id }}}}"
        ),
        INSIDE.map(
            lambda inside: f"{{% for x in {inside} %}}{{{{ x }}}}{{% set y = x %}}{{{{ y }}}}{{% endfor %}}"
        ),
        st.sampled_from(
            ["{% set x = job.id %}", "{% set y = 'y' %}", "{% set x = y %}", "{% set y = x | upper %}"]
        ),
    ),
    min_size=1,
    max_size=2,
)


@st.composite
def soups(draw: st.DrawFn) -> str:
    """Tags in any order, now and then with a stray brace among them."""
    parts = ["{% set x = job.id %}{% set y = x %}", *draw(SOUP)]
    if draw(st.integers(0, 4)) == 0:
        parts.insert(draw(st.integers(0, len(parts))), draw(BRACES))
    return "".join(parts)


@given(soups(), PAYLOADS)
@settings(max_examples=1_000, deadline=None)
def test_no_template_at_all_lets_a_payload_out(template: str, payload: Any) -> None:
    text, problem = outcome(template, payload)
    assert MARK not in problem
    assert MARK not in remainder(text)
