"""Which secrets of a webhook are good, and when."""

from datetime import UTC, datetime, timedelta

import pytest

from lamplighter_contracts.jobs import AgentExecutor, Job, Producer, WebhookTrigger
from lamplighter_contracts.webhooks import GivenSecret, WebhookReservation
from lamplighter_gateway.webhooks.keys import MOST_LIVE, live_secrets, sealed, webhook_secret
from lamplighter_vault import KeyRing, new_key

KEY, RING = bytes(range(32)), KeyRing.parse(new_key())
AT = datetime(2026, 12, 1, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def _job(**webhook: object) -> Job:
    trigger = WebhookTrigger.model_validate({"path": "/deploy", "secret_generation": 5, **webhook})
    return Job(
        job_id="job-1",
        name="job",
        prompt="go",
        executor=AgentExecutor(agent_id="a"),
        triggers=(trigger,),
        created_at=AT,
        updated_at=AT,
        scheduled_from=AT,
    )


def _good(job: Job, reservation: WebhookReservation | None = None, at: datetime = AT) -> set[str]:
    nobodys = set(live_secrets(KEY, RING, None, None, at))
    return set(live_secrets(KEY, RING, job, reservation, at)) - nobodys


def _own(generation: int) -> set[str]:
    return {
        webhook_secret(KEY, "job-1", "/deploy", generation, producer)
        for producer in (Producer.AUTO, Producer.STANDARD)
    }


def test_a_secret_is_its_own() -> None:
    secret = webhook_secret(KEY, "job-1", "/deploy", 1)
    others = [
        webhook_secret(KEY, "job-1", "/deploy", 2),
        webhook_secret(KEY, "job-1", "/deploy2", 1),
        webhook_secret(KEY, "job-2", "/deploy", 1),
        webhook_secret(bytes(32), "job-1", "/deploy", 1),
        webhook_secret(KEY, "job-1", "/deploy", 1, Producer.STANDARD),
    ]
    assert len({secret, *others}) == 6
    assert secret.startswith("lampwh_")
    assert len(secret) == len("lampwh_") + 43
    assert others[-1].startswith("whsec_")


def test_its_own_in_either_spelling() -> None:
    assert _good(_job()) == _own(5)


@pytest.mark.parametrize(("at", "also"), [(AT - SECOND, True), (AT, False), (AT + SECOND, False)])
def test_the_one_before_until_its_time_is_over(at: datetime, also: bool) -> None:
    job = _job(previous_generation=4, previous_until=AT)
    assert _good(job, at=at) == _own(5) | (_own(4) if also else set())


def test_given_ones_until_their_time_is_over() -> None:
    given = tuple(
        GivenSecret(sealed=sealed(RING, "job-1", value), given_at=AT, until=until)
        for value, until in (("first-secret", None), ("second-secret", AT))
    )
    holder = WebhookReservation(path="/deploy", job_id="job-1", given=given)
    assert _good(_job(), holder, AT - SECOND) == {*_own(5), "first-secret", "second-secret"}
    assert _good(_job(), holder, AT) == {*_own(5), "first-secret"}


def test_what_was_sealed_for_another_job_is_nobodys() -> None:
    given = (GivenSecret(sealed=sealed(RING, "job-2", "first-secret"), given_at=AT),)
    holder = WebhookReservation(path="/deploy", job_id="job-1", given=given)
    assert _good(_job(), holder) == _own(5)


def test_there_are_always_as_many_to_try() -> None:
    counts = {
        len(live_secrets(KEY, RING, job, None, AT))
        for job in (None, _job(), _job(previous_generation=4, previous_until=AT + SECOND))
    }
    assert counts == {MOST_LIVE}
    assert "" not in live_secrets(KEY, RING, None, None, AT)
