"""How a command is started: its arguments, its sandbox, and what is made of how it ended."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest

from lamplighter_dispatcher.outcomes import Broken, Ended, Exited, Killed, NotStarted
from lamplighter_dispatcher.runners.command import unsafe
from lamplighter_dispatcher.runners.folders import Folder
from lamplighter_dispatcher.runners.launched import how_it_ended
from lamplighter_dispatcher.runners.prompting import ARGUMENT_LIMIT, Prompting, prompting
from lamplighter_dispatcher.runners.sandbox import Sandbox

FILE = Path("/f/prompt.txt")


@pytest.mark.parametrize(
    ("command", "prompting_of_it"),
    [
        (["cat"], Prompting(("cat",), "Go {prompt_file}")),
        (["x", "{prompt}"], Prompting(("x", "Go {prompt_file}"), "")),
        (["x", "-m={prompt}!"], Prompting(("x", "-m=Go {prompt_file}!"), "")),
        (["x", "{prompt_file}"], Prompting(("x", "/f/prompt.txt"), "", "Go {prompt_file}")),
        (["x", "{prompt}{prompt_file}"], Prompting(("x", "Go {prompt_file}/f/prompt.txt"), "", "Go {prompt_file}")),
        (["{prompt}"], Prompting(("{prompt}",), "Go {prompt_file}")),
        (["x", "{ prompt }", "{other}", "%s $PROMPT"],
         Prompting(("x", "{ prompt }", "{other}", "%s $PROMPT"), "Go {prompt_file}")),
    ],
)  # fmt: skip
def test_the_prompt_goes_where_it_is_wanted(command: Sequence[str], prompting_of_it: Prompting) -> None:
    assert prompting(command, "Go {prompt_file}", FILE) == prompting_of_it


@pytest.mark.parametrize(("letter", "number"), [("a", ARGUMENT_LIMIT), ("é", ARGUMENT_LIMIT // 2)])
def test_a_prompt_too_long_for_an_argument_says_what_to_do(letter: str, number: int) -> None:
    assert isinstance(prompting(["x", "{prompt}"], letter * number, FILE), Prompting)
    refused = prompting(["x", "{prompt}"], letter * (number + 1), FILE)
    assert isinstance(refused, NotStarted)
    assert "use {prompt_file} instead of {prompt}" in refused.detail
    assert isinstance(prompting(["x", "{prompt_file}"], letter * (number + 1), FILE), Prompting)
    assert isinstance(prompting(["x"], letter * (number + 1), FILE), Prompting)


def test_a_null_byte_is_refused_in_an_argument_and_only_there() -> None:
    assert prompting(["x", "{prompt}"], "a\0b", FILE) == NotStarted(
        "an argument of the command has a null byte"
    )
    assert isinstance(prompting(["x"], "a\0b", FILE), Prompting)


def test_half_a_character_does_not_keep_it_from_starting() -> None:
    assert prompting(["x", "{prompt}"], "a\ud800b", FILE) == Prompting(("x", "a?b"), "")


@pytest.mark.parametrize(
    ("wish", "internet", "works", "words"),
    [
        ("auto", True, True, ""),
        ("auto", True, False, ""),
        ("off", True, False, ""),
        ("off", True, True, ""),
        ("required", True, True, ""),
        ("required", False, True, ""),
        ("auto", False, True, ""),
        ("required", True, False, "none works on this machine"),
        ("required", False, False, "none works on this machine"),
        ("auto", False, False, "leaves it no network"),
        ("off", False, True, "its agent has it off"),
        ("off", False, False, "its agent has it off"),
    ],
)
def test_no_command_is_freer_than_it_may(
    wish: Literal["auto", "required", "off"], internet: bool, works: bool, words: str
) -> None:
    refusal = unsafe(wish, internet=internet, works=works)
    assert bool(refusal) == bool(words)
    assert words in refusal


def sandbox(*, network: bool = True) -> Sandbox:
    return Sandbox("/usr/bin/bwrap", Folder(Path("/var/runs/me/1")), Path("/var/runs"), network=network)


def options(made: Sandbox, environment: dict[str, str] | None = None) -> list[str]:
    return made.options(environment or {}).decode().split("\0")[:-1]


def following(found: list[str], option: str) -> list[list[str]]:
    return [found[place + 1 : place + 3] for place, word in enumerate(found) if word == option]


def place(found: list[str], option: str, argument: str) -> int:
    return next(n for n, word in enumerate(found) if word == option and found[n + 1] == argument)


def test_a_sandbox_shows_the_machine_without_letting_it_be_changed() -> None:
    found = options(sandbox())
    assert following(found, "--ro-bind") == [["/", "/"]]
    home, temporary = "/var/runs/me/1/home", "/var/runs/me/1/tmp"
    # Nothing around them: a link in the place of one would lead the next sandbox out.
    assert following(found, "--bind") == [[temporary, "/tmp"], [home] * 2, [temporary] * 2]  # noqa: S108
    assert {"/run", "/var/runs"} <= {path for path, _ in following(found, "--tmpfs")}
    assert {"/run", "/var/runs"} <= {path for path, _ in following(found, "--remount-ro")}
    # Hidden before the run's own folder is put there, and closed after.
    hidden, own, closed = (
        place(found, "--tmpfs", "/var/runs"),
        place(found, "--bind", home),
        place(found, "--remount-ro", "/var/runs"),
    )
    assert place(found, "--bind", temporary) < hidden < own < closed
    assert {"--unshare-pid", "--unshare-ipc", "--die-with-parent"} <= set(found)
    assert [drop[0] for drop in following(found, "--cap-drop")] == ["ALL"]
    assert following(found, "--chdir")[0][0] == "/var/runs/me/1/home"


def test_a_sandbox_has_a_network_only_where_it_may() -> None:
    assert "--unshare-net" not in options(sandbox(network=True))
    assert "--unshare-net" in options(sandbox(network=False))


def test_what_is_secret_is_in_no_argument_and_what_is_dangerous_stays_inside() -> None:
    given = {"LAMP_EXECUTION_ID": "e", "LAMP_ATTEMPT": "1", "KEY": "hunter2", "LD_PRELOAD": "/evil.so"}
    made = sandbox()
    assert made.command(5, 6, ["x", "y"]) == [
        "/usr/bin/bwrap", "--args", "5", "--json-status-fd", "6", "--", "x", "y",
    ]  # fmt: skip
    assert made.outside(given) == {"LAMP_EXECUTION_ID": "e", "LAMP_ATTEMPT": "1"}
    found = options(made, given)
    assert following(found, "--setenv") == [[name, value] for name, value in given.items()]
    assert found.index("--clearenv") < found.index("--setenv")


STATUS = '{ "child-pid": 7 }\n{ "exit-code": 1 }\n'


@pytest.mark.parametrize(
    ("said", "sandboxed", "ended"),
    [
        ("exited 0\n", False, Exited(0, "r")),
        ("exited 1\n", False, Exited(1, "r")),
        ("exited 139\n", False, Exited(139, "r")),
        ("killed 9\n", False, Killed(9, "r")),
        ("cannot 2\nexited 127\n", False, NotStarted("'x': No such file or directory")),
        ("", False, Broken("the process that watches over the command was killed")),
        ("", True, Broken("the process that watches over the command was killed")),
        (f"{STATUS}exited 1\n", True, Exited(1, "r")),
        (
            '{ "child-pid": 7 }\nexited 1\n',
            True,
            NotStarted("'x' does not start in its sandbox; the log says why"),
        ),
        (f"{STATUS}exited 139\n", True, Killed(11, "r")),
        (f"{STATUS}exited 255\n", True, Exited(255, "r")),
        (f"{STATUS}exited 128\n", True, Exited(128, "r")),
        ("killed 9\n", True, Killed(9, "r")),
    ],
)
def test_how_it_ended(said: str, sandboxed: bool, ended: Ended) -> None:
    assert how_it_ended(said, "x", "r", sandboxed=sandboxed) == ended
