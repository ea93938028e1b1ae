"""Sessions that were ended are remembered until they would have been over, and no longer."""

from datetime import UTC, datetime, timedelta

from nats.aio.client import Client

from lamplighter_contracts.sessions import SessionEnded
from lamplighter_gateway.access.endings import FEW, Endings
from lamplighter_runtime.tails import Entry


def heard(endings: Endings, session_id: str, body: bytes) -> None:
    at = datetime.now(UTC)
    endings._learn(
        Entry(f"$KV.catalog.sessions.{session_id}", sequence=1, headers={}, body=body, behind=0, stored_at=at)
    )


def ended(session_id: str, until: datetime) -> bytes:
    return SessionEnded(session_id=session_id, until=until).model_dump_json().encode()


def test_they_are_forgotten_when_they_would_be_over() -> None:
    now = [datetime(2026, 3, 1, tzinfo=UTC)]
    endings = Endings(Client(), lambda: now[0])
    for number in range(10 * FEW):
        now[0] += timedelta(seconds=1)
        heard(endings, f"s-{number}", ended(f"s-{number}", now[0] + timedelta(minutes=5)))
        assert endings.has(f"s-{number}")
        assert number < 300 or endings.has(f"s-{number - 299}")
    assert len(endings._until) <= FEW + 1


def test_what_cannot_be_read_ends_nothing() -> None:
    endings = Endings(Client(), lambda: datetime.now(UTC))
    heard(endings, "x", b"{")
    assert not endings.has("x")
