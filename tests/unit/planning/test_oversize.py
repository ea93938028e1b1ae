"""Payloads that come in and do not fit into what is said of them: a record is made of each all the same."""

from dataclasses import replace

import pytest

from lamplighter_contracts.events import SkipReason
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.streams import MESSAGE_LIMIT
from lamplighter_planning.decisions import decide
from lamplighter_planning.rulings import Skipped
from lamplighter_scheduler.records import messages
from tests.support.situations import at, job, paused, runs, situation, webhook

LARGEST = "x" * (MESSAGE_LIMIT - 700)
"""What just fits beside the rest of an accepted start."""


@pytest.mark.parametrize(
    ("of", "reason"),
    [
        (None, SkipReason.DELETED),
        (job(), SkipReason.OVERLAP),
        (job(**paused()), SkipReason.PAUSED),
        (job(concurrency={"overlap": "queue_all"}), SkipReason.TOO_LARGE),
        (job(concurrency={"overlap": "replace"}), SkipReason.TOO_LARGE),
    ],
)
def test_what_does_not_run_is_recorded_without_a_payload_that_leaves_no_room(
    of: Job | None, reason: SkipReason
) -> None:
    standing = situation(of)
    standing = replace(standing, gate=standing.gate.model_copy(update={"running": runs("a")}))
    decision = decide(standing, webhook("k", payload=LARGEST), at("09:00"))
    (skipped,) = decision.rulings
    assert isinstance(skipped, Skipped)
    assert (skipped.reason, skipped.occurrence.firing.payload) == (reason, None)
    assert not decision.stops, "nothing is cancelled for what cannot run"
    for message in messages(standing, decision, at("09:00")):
        message.wire_headers()


def test_a_payload_that_fits_stays_in_the_record() -> None:
    decision = decide(situation(job(), running="a"), webhook("k", payload={"n": 1}), at("09:00"))
    assert [ruling.occurrence.firing.payload for ruling in decision.rulings] == [{"n": 1}]
