"""What `lamp job` says of a webhook: its options, and its secrets, which come by a pipe or unseen."""

import json
from typing import Any

import pytest

from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import Reply, ScriptedGateway

JOB = "hooked-7f3a"
SECRET = "whsec_ofTheProducersOwn"
PATH = f"/api/v1/jobs/{JOB}/webhook/secret"
GIVEN = {
    "job_id": JOB,
    "webhook_url": "http://lamp/hook",
    "webhook_given": [{"given_at": "2026-03-01T09:00:00Z", "until": None}],
}


@pytest.fixture(autouse=True)
def job(gateway: ScriptedGateway) -> None:
    gateway.add_job(JOB, name="Hooked", webhook_path="/deploy")
    gateway.answers["PUT", PATH] = Reply(200, GIVEN)
    gateway.answers["DELETE", PATH] = Reply(204)


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        (["--webhook", "generate"], {"webhook_path": "generate"}),
        (["--producer", "github"], {"webhook_producer": "github"}),
        (["--event", "push", "--event", "issues.*"], {"webhook_events": ["push", "issues.*"]}),
        (["--event", ""], {"webhook_events": None}),
        (["--filter", "payload.ref == 'main'"], {"webhook_filter": "payload.ref == 'main'"}),
        (["--filter", ""], {"webhook_filter": None}),
        (
            ["--gather", "2m", "--gather-by", "payload.number"],
            {"webhook_gather_seconds": 120, "webhook_gather_by": "payload.number"},
        ),
        (["--gather", ""], {"webhook_gather_seconds": None}),
        (["--rate", "600"], {"webhook_rate_per_minute": 600}),
    ],
)
def test_an_option_is_a_field(
    lamp: CommandLine, gateway: ScriptedGateway, arguments: list[str], body: dict[str, Any]
) -> None:
    lamp("job", "update", JOB, *arguments)
    assert [asked.body for asked in gateway.asked if asked.method == "PATCH"] == [body]


def test_a_webhook_is_shown_with_all_that_it_is_set_to(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    lamp("job", "update", JOB, "--producer", "github", "--event", "push", "--gather", "60s", "--rate", "600")
    shown = lamp("job", "get", JOB).out
    for line in ("github", "push", "1 min", "600 a minute"):
        assert line in shown


def test_a_rotation_can_keep_the_old_secret_for_a_while(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    lamp("job", "rotate-secret", JOB)
    lamp("job", "rotate-secret", JOB, "--keep-old", "1d")
    assert [asked.body for asked in gateway.asked if asked.path.endswith("rotate")] == [
        {},
        {"keep_old_seconds": 86_400},
    ]


def test_a_producers_secret_comes_from_a_pipe(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp("job", "give-secret", JOB, "--keep-old", "1h", stdin=f"{SECRET}\n")
    assert (ran.code, ran.out) == (0, f"The webhook of {JOB} takes what is signed with it\n")
    assert gateway.asked[-1][:2] == ("PUT", PATH)
    assert gateway.asked[-1].body == {"value": SECRET, "keep_old_seconds": 3_600}
    assert json.loads(lamp("job", "give-secret", JOB, "-o", "json", stdin=SECRET).out) == GIVEN


def test_it_is_typed_unseen(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    lamp.typed = SECRET
    ran = lamp("job", "set-secret", JOB, terminal=True)
    assert (ran.code, len(lamp.asked)) == (0, 1)
    assert gateway.asked[-1].body == {"value": SECRET}
    assert SECRET not in ran.out + ran.err


@pytest.mark.parametrize("arguments", [[SECRET], ["--value", SECRET], [f"--value={SECRET}"]])
def test_on_the_command_line_it_is_refused_and_not_repeated(
    lamp: CommandLine, gateway: ScriptedGateway, arguments: list[str]
) -> None:
    ran = lamp("job", "give-secret", JOB, *arguments, stdin=SECRET)
    assert (ran.code, gateway.asked) == (2, [])
    assert SECRET not in ran.out + ran.err


def test_what_was_given_is_taken_away(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    assert lamp("job", "take-secret", JOB, "--yes").code == 0
    assert gateway.asked[-1][:2] == ("DELETE", PATH)
