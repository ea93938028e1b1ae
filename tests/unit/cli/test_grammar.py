"""How the words on the command line are read."""

from pathlib import Path

import pytest
import typer

from lamplighter_cli.grammar import boolean, plain_range, spell_out
from tests.support.command_line import CommandLine

FLAGS = {"--enabled"}


@pytest.fixture
def lamp(tmp_path: Path) -> CommandLine:
    return CommandLine("http://127.0.0.1:1", tmp_path)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["--enabled"], ["--enabled=true"]),
        (["--enabled", "--name", "x"], ["--enabled=true", "--name", "x"]),
        (["--enabled", "my-job"], ["--enabled=true", "my-job"]),
        (["--enabled", "true"], ["--enabled", "true"]),
        (["--enabled", "False"], ["--enabled", "False"]),
        (["--enabled=false"], ["--enabled=false"]),
        (["--name", "x"], ["--name", "x"]),
        (["a", "--", "--enabled"], ["a", "--", "--enabled"]),
    ],
)
def test_a_bare_boolean_is_spelt_out(written: list[str], read: list[str]) -> None:
    assert spell_out(written, FLAGS) == read


def test_booleans_have_several_words() -> None:
    assert [boolean(text) for text in ("true", "TRUE", "1", "false", "no", "0")] == [True] * 3 + [False] * 3
    with pytest.raises(typer.BadParameter, match="neither true nor false"):
        boolean("maybe")


ALIASES: dict[tuple[str, ...], set[tuple[str, ...]]] = {
    ("job", "jobs", "j"): {
        ("list", "ls", "l"), ("get", "show", "describe"), ("delete", "del", "rm"),
        ("trigger", "run", "execute"), ("enable",), ("disable",),
        ("executions", "exec", "runs"), ("create",), ("update",), ("occurrences", "ledger"), ("restore",),
        ("rotate-secret",), ("give-secret", "set-secret"), ("take-secret",), ("pause",), ("resume",),
        ("next", "upcoming"), ("why", "explain"),
        ("catchup", "catch-up"), ("backfill",),
    },
    ("backfill", "backfills"): {("list", "ls", "l"), ("get", "show", "describe"), ("cancel", "stop", "abort", "kill")},
    ("execution", "executions", "exec"): {
        ("list", "ls", "l"), ("get",), ("logs", "log", "stream", "watch"), ("cancel", "stop", "abort", "kill"),
    },
    ("agent", "agents"): {("create",), ("list",), ("get",), ("update",), ("delete",)},
    ("team", "teams"): {("create",), ("list",), ("get",), ("delete",)},
    ("calendar", "calendars", "cal"): {("create",), ("list", "ls"), ("get", "show"), ("update",), ("delete", "rm")},
    ("environment", "environments", "env", "envs"): {
        ("create",), ("list", "ls"), ("get", "show"), ("update",), ("delete", "rm"),
    },
    ("token", "tokens"): {("create",), ("list",), ("get", "show"), ("delete", "revoke")},
}  # fmt: skip


@pytest.mark.parametrize(
    ("noun", "verb", "canonical"),
    [
        (noun, verb, f"{nouns[0]} {verbs[0]}")
        for nouns, all_verbs in ALIASES.items()
        for verbs in sorted(all_verbs)
        for noun in nouns
        for verb in verbs
    ],
)
def test_every_alias_leads_to_its_command(
    lamp: CommandLine, capsys: pytest.CaptureFixture[str], noun: str, verb: str, canonical: str
) -> None:
    assert lamp(noun, verb, "--help").code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"Usage: lamp {canonical} ")
    assert "Example" in shown


def test_help_shows_each_command_once_with_its_aliases(
    lamp: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["--help"], ["-h"], []):
        assert lamp(*arguments).code == 0
        shown = capsys.readouterr().out
        assert "  job, jobs, j " in shown
        assert shown.count("jobs,") == 1
    assert lamp("j", "--help").code == 0
    shown = capsys.readouterr().out
    assert "  trigger, run, execute " in shown
    assert shown.count("-o, --output") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["jbo"], "No such command 'jbo': did you mean 'job'"),
        (["job", "lst"], "No such command 'lst': did you mean 'list'"),
        (["job", "get"], "Missing argument 'JOB'"),
        (["job", "get", "x", "--fro"], "No such option: --fro"),
        (["job", "list", "-o", "yaml"], "'yaml' is not a format: use table or json"),
        (["job", "create", "--enabled=maybe", "--name", "x"], "'maybe' is neither true nor false"),
    ],
)
def test_wrong_words_are_one_line_and_exit_code_2(
    lamp: CommandLine, arguments: list[str], sentence: str
) -> None:
    ran = lamp(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1
    assert sentence in ran.err


def test_a_fault_of_ours_is_a_sentence_too(lamp: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr(typer.main, "get_command", broken)
    ran = lamp("job", "list")
    assert ran.code == 1
    assert ran.err == "error: lamp itself failed: KeyError: 'surprise' (LAMP_DEBUG=1 shows where)\n"


@pytest.mark.parametrize(
    ("range_words", "words"),
    [
        ("0 is not in the range 1<=x<=100.", "0 is not a whole number from 1 to 100."),
        ("-1 is not in the range x>=1.", "-1 is not a whole number of 1 or more."),
        ("'x' is not a word.", "'x' is not a word."),
    ],
)
def test_a_range_is_told_in_words(range_words: str, words: str) -> None:
    assert plain_range(range_words) == words
