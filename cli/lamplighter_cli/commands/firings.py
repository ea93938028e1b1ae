"""How firings to come, or of a past range, read: in the schedule's zone and in UTC, and what is special about each."""

from collections.abc import Sequence
from datetime import UTC

from lamplighter_cli.output import Column, Record
from lamplighter_cli.times import moment_of

_LOCAL = Column("LOCAL TIME", lambda one, _: local(one.get("local")))
_UTC = Column("UTC", lambda one, _: _utc(one.get("at")))
_EFFECT = Column("STARTS", lambda one, _: _effect(one))
_NOTE = Column("NOTE", lambda one, _: note(one), flexible=True)


def columns(firings: Sequence[Record]) -> tuple[Column, ...]:
    """Those that have something to show."""
    spread = (_EFFECT,) if any(one.get("effective_at") for one in firings) else ()
    noted = (_NOTE,) if any(note(one) for one in firings) else ()
    return (_LOCAL, _UTC, *spread, *noted)


def note(firing: Record) -> str | None:
    """What a change of clocks does to it, or what keeps it from firing."""
    removed = firing.get("removed")
    if not isinstance(removed, dict):
        return firing.get("note") or None
    reason = str(removed.get("reason")).replace("_", " ")
    return ": ".join(str(part) for part in (f"does not run, {reason}", removed.get("detail")) if part)


def local(text: object) -> str | None:
    """A time as its own zone shows it, with the day of the week and the offset."""
    moment = moment_of(text)
    if moment is None:
        return str(text) if text else None
    shown = moment.isoformat(" ", "seconds")
    return f"{moment:%a} {shown[:19]} {shown[19:]}"


def _effect(firing: Record) -> str | None:
    """When it starts, by the same clock as its local time."""
    nominal, effective = moment_of(firing.get("local")), moment_of(firing.get("effective_at"))
    if effective is None:
        return None
    there = effective.astimezone(nominal.tzinfo if nominal else UTC)
    same_day = nominal is not None and there.date() == nominal.date()
    return f"{there:%H:%M:%S}" if same_day else f"{there:%Y-%m-%d %H:%M:%S}"


def _utc(text: object) -> str | None:
    moment = moment_of(text)
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if moment else None
