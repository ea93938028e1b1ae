"""`lamp secret` against a gateway: a value goes in by a pipe or unseen, and is nowhere to be read."""

import json

import pytest

from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import ScriptedGateway, problem

VALUE = "hunter2-and-more"
PATH = "/api/v1/environments/production/secrets/TOKEN"


@pytest.mark.parametrize(
    ("piped", "value"),
    [
        (VALUE, VALUE),
        (f"{VALUE}\n", VALUE),
        (f"{VALUE}\r\n", VALUE),
        (f"{VALUE}\n\n", f"{VALUE}\n"),
        (f"  {VALUE} ", f"  {VALUE} "),
        ("-----BEGIN\na\n-----END\n", "-----BEGIN\na\n-----END"),
    ],
)
def test_a_value_comes_from_a_pipe(
    lamp: CommandLine, gateway: ScriptedGateway, piped: str, value: str
) -> None:
    ran = lamp("secret", "set", "production", "TOKEN", stdin=piped)
    assert (ran.code, ran.out) == (0, "Set secret TOKEN of production, version 1\n")
    assert gateway.asked[-1][:2] == ("PUT", PATH)
    assert gateway.asked[-1].body == {"value": value}
    assert lamp.asked == []


def test_a_value_is_typed_unseen(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    lamp.typed = VALUE
    ran = lamp("secret", "set", "production", "TOKEN", terminal=True)
    assert (ran.code, lamp.asked) == (0, ["Value of TOKEN (not shown): "])
    assert gateway.asked[-1].body == {"value": VALUE}
    assert VALUE not in ran.out + ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["TOKEN", VALUE],
        ["TOKEN", VALUE, "more"],
        [f"TOKEN={VALUE}"],
        ["TOKEN", f"--value={VALUE}"],
        ["TOKEN", "--value", VALUE],
    ],
)
def test_a_value_on_the_command_line_is_refused_and_not_repeated(
    lamp: CommandLine, gateway: ScriptedGateway, arguments: list[str]
) -> None:
    ran = lamp("secret", "set", "production", *arguments, stdin=VALUE)
    assert (ran.code, gateway.asked) == (2, [])
    assert VALUE not in ran.out + ran.err


def test_no_value_sets_nothing(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    assert lamp("secret", "set", "production", "TOKEN", stdin="").code == 2
    assert lamp("secret", "set", "production", "TOKEN", stdin="\n").code == 2
    assert lamp("secret", "set", "production", "TOKEN", terminal=True).code == 2
    assert gateway.asked == []


def test_they_are_listed_without_values_and_deleted(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    assert "No secrets in production" in lamp("secret", "list", "production").err
    for name in ("TOKEN", "TOKEN", "KEY"):
        lamp("secret", "put", "production", name, stdin=VALUE)
    listed = lamp("secrets", "ls", "production").out
    assert listed.splitlines()[1].split()[:2] == ["TOKEN", "2"]
    shown = json.loads(lamp("secret", "list", "production", "-o", "json").out)
    assert [one["name"] for one in shown] == ["TOKEN", "KEY"]
    assert VALUE not in listed + str(shown)
    kept = lamp("secret", "delete", "production", "TOKEN", terminal=True, stdin="\n")
    assert (kept.code, "Delete secret TOKEN of production?" in kept.err) == (1, True)
    assert lamp("secret", "rm", "production", "TOKEN").code == 0
    assert lamp("secret", "delete", "production", "TOKEN").code == 3


def test_they_are_sealed_anew(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    assert lamp("secret", "rotate").out == "Sealed 2 secrets anew: all are sealed with the key k2\n"
    assert json.loads(lamp("secret", "rotate", "-o", "json").out) == {"resealed": 2, "key_id": "k2"}


def test_what_the_gateway_refuses_is_said_without_the_value(
    lamp: CommandLine, gateway: ScriptedGateway
) -> None:
    gateway.answers["PUT", PATH] = problem(422, "", (("value", "must have 6 to 32,768 bytes"),))
    ran = lamp("secret", "set", "production", "TOKEN", stdin=VALUE)
    assert (ran.code, ran.err) == (2, "error: value: must have 6 to 32,768 bytes\n")
