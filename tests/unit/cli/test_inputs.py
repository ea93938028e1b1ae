"""What people hand over."""

from pathlib import Path

import pytest

from lamplighter_cli import inputs
from lamplighter_cli.exits import WrongUse
from tests.support.command_line import Screen


def test_text_comes_from_the_argument_a_file_or_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "prompt").write_text("from\na file\n")
    nothing = Screen()
    assert inputs.text("plain", "--prompt", nothing) == "plain"
    assert inputs.text(f"@{tmp_path}/prompt", "--prompt", nothing) == "from\na file"
    assert inputs.text("-", "--prompt", Screen("from a pipe\n")) == "from a pipe"
    assert inputs.text("@@team go", "--prompt", nothing) == "@team go"


def test_a_prompt_does_not_wait_for_a_terminal() -> None:
    with pytest.raises(WrongUse, match="--prompt @FILE"):
        inputs.text("-", "--prompt", Screen(terminal=True))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(WrongUse, match="No such file"):
        inputs.text(f"@{tmp_path}/none", "--prompt", Screen())
    with pytest.raises(WrongUse, match="not UTF-8"):
        inputs.text(f"@{tmp_path}/binary", "--prompt", Screen())


def test_pairs_are_split_at_the_first_equals_sign() -> None:
    assert inputs.pairs(["A=1", "B=x=y", "C="], "--variable") == {"A": "1", "B": "x=y", "C": ""}
    for wrong in ("A", "=1"):
        with pytest.raises(WrongUse, match="is not NAME=VALUE"):
            inputs.pairs([wrong], "--variable")


@pytest.mark.parametrize(
    ("content", "problem"), [("{", "is not JSON"), ("[1]", "holds a list"), ("1", "single value")]
)
def test_a_document_is_one_json_object(content: str, problem: str) -> None:
    assert inputs.document("-", Screen('{"name": "x"}')) == {"name": "x"}
    with pytest.raises(WrongUse, match=problem):
        inputs.document("-", Screen(content))
