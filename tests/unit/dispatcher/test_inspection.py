"""When an environment is looked at again, by whichever dispatcher."""

from datetime import UTC, datetime, timedelta

import pytest
from nats.aio.client import Client

from lamplighter_contracts.environments import Check, CommandCheck, Environment, Readiness
from lamplighter_dispatcher.presence.inspection import Inspection, seconds_left
from lamplighter_dispatcher.presence.presence import worker_name

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHECK = CommandCheck(command=("true",), every_seconds=100)


def environment(check: Check | None = CHECK, revision: int = 3) -> Environment:
    return Environment(
        environment_id="lab", name="Lab", check=check, created_at=NOW, updated_at=NOW, revision=revision
    )


class Nobody:
    async def check_now(self, environment: Environment) -> Readiness:
        raise AssertionError("nothing is due")


def said(seconds_ago: float, revision: int = 3) -> Readiness:
    checked_at = NOW - timedelta(seconds=seconds_ago)
    return Readiness(
        environment_id="lab", revision=revision, ready=True, checked_at=checked_at, worker="another"
    )


@pytest.mark.parametrize(
    ("last", "chance", "seconds"),
    [
        (None, 0.5, 0),
        (said(1, revision=2), 0.5, 0),
        (said(0), 0, 90),
        (said(0), 1, 100),
        (said(50), 0.5, 45),
        (said(89), 0, 1),
        (said(90), 1, 0),
        (said(500), 1, 0),
        # Of a clock that is ahead.
        (said(-10_000), 0.5, 100),
    ],
)
def test_when_a_check_is_due(last: Readiness | None, chance: float, seconds: float) -> None:
    assert seconds_left(environment(), last, NOW, chance) == pytest.approx(seconds)


async def test_a_late_word_on_an_older_revision_does_not_hide_what_was_found_of_this_one() -> None:
    inspection = Inspection(
        Client(), ["default"], Nobody(), lambda: {"lab": said(1, revision=2)}, lambda: NOW, lambda: 0
    )

    assert inspection._left(environment(), said(10)) == pytest.approx(80)


@pytest.mark.parametrize(
    ("host", "name"),
    [("lab", "lab-7-ab12"), ("lab.example.org", "lab-example-org-7-ab12"), ("a b>*", "a-b---7-ab12")],
)
def test_the_name_of_a_worker_fits_a_subject(host: str, name: str) -> None:
    assert worker_name(host, 7, "ab12") == name
