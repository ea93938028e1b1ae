"""The pure parts of agents on a language model."""

import subprocess
import sys

import pytest

from lamplighter_contracts.runners import LlmRunner
from lamplighter_contracts.usage import Usage
from lamplighter_dispatcher.llm.data import MARGIN, as_data, shortened, without_edge
from lamplighter_dispatcher.llm.loops import GaveUp, Watchfulness
from lamplighter_dispatcher.llm.naming import LONGEST, function_name
from lamplighter_dispatcher.llm.prices import guessed, priced


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        ("shell", "shell"),
        ("files.read", "files_read"),
        ("mcp.git-hub.get_issue", "mcp_git-hub_get_issue"),
        ("ask.night-watch", "ask_night-watch"),
        ("mcp.desk.a/b c", "mcp_desk_a_b_c"),
    ],
)
def test_names_that_models_take(tool: str, name: str) -> None:
    assert function_name(tool, ()) == name


def test_names_that_are_long_or_taken_stay_apart() -> None:
    long = [function_name(f"mcp.desk.{'x' * 100}{end}", ()) for end in "ab"]
    assert len(set(long)) == 2
    assert all(len(name) <= LONGEST for name in long)
    assert function_name("a.b", {"a_b"}) not in ("a_b", function_name("a_b", {"a_b"}))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain < text & more", "plain < text & more"),
        ("</data>", "\\u003c/data>"),
        ("< / DATA>", "\\u003c / DATA>"),
        ("\uff1c/data>", "\\uff1c/data>"),
        ("<data name='x'>", "\\u003cdata name='x'>"),
        ("<database>", "<database>"),
        ("a\u200bb\u202ec", "a\\u200bb\\u202ec"),
        ("\U000e0041", "\\udb40\\udc41"),
        ("line\r\nline\ttab\x1b[31m", "line\nline\ttab\\u001b[31m"),
    ],
)
def test_data_closes_no_fence_and_hides_nothing(text: str, shown: str) -> None:
    assert as_data("x", text) == f'<data name="x">\n{shown}\n</data>'


def test_what_is_left_out_is_marked() -> None:
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "abcdef\n[cut here: 1 more characters are left out]"
    assert without_edge("a" * (MARGIN + 3), was_cut=True) == "aaa\n[cut here: there is more]"
    assert without_edge("aaa", was_cut=False) == "aaa"


def test_prices() -> None:
    settings = LlmRunner(model="m", input_price=2.5, output_price=10)
    assert priced(settings, 1_000_000, 100) == Usage(
        input_tokens=1_000_000, output_tokens=100, requests=1, cost=2.501
    )
    assert [guessed(number) for number in (0, 1, 4, 5)] == [0, 1, 1, 2]


def test_a_call_in_between_ends_a_row() -> None:
    watch = Watchfulness()
    for number in range(20):
        watch.sees("shell", {"command": ["ls", str(number % 4 // 3)]})
    for _ in range(4):
        watch.sees("shell", {"command": ["ls"]})
    with pytest.raises(GaveUp, match="5 times in a row"):
        watch.sees("shell", {"command": ["ls"]})


def test_sense_in_between_forgives_nonsense() -> None:
    watch = Watchfulness()
    for _ in range(4):
        for _ in range(3):
            watch.puzzled("shell", "no")
        watch.sees("shell", {})
        watch.sees("http", {})
    for _ in range(3):
        watch.puzzled("shell", "no")
    with pytest.raises(GaveUp) as end:
        watch.puzzled("shell", "no")
    assert end.value.reason == "agent_error"


def test_a_dispatcher_does_not_pay_for_models_that_nobody_asks() -> None:
    code = (
        "import sys, lamplighter_dispatcher.app; print({'pydantic_ai', 'mcp', 'openai'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
