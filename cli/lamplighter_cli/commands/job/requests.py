"""The request that options make."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lamplighter_cli import inputs, moments, spans
from lamplighter_cli.commands.job import doing, options, timing, webhooks
from lamplighter_cli.context import Lamp
from lamplighter_cli.exits import WrongUse
from lamplighter_cli.settings import Setting
from lamplighter_cli.values import Every

ALL = (
    *options.WHAT,
    *doing.WHO,
    *doing.BOUNDS,
    *doing.RETRY,
    *webhooks.WEBHOOK,
    *timing.SCHEDULE,
    *timing.OVERLAP,
    *timing.MISSED,
)
SPELLINGS = ("schedule", "schedules", "cron_schedule")
PLAIN = tuple(one for one in ALL if one not in timing.SCHEDULES and one.field)


def job_body(lamp: Lamp, given: Mapping[str, Any], zone: str | None = None) -> dict[str, Any]:
    """What these options say of a job, laid over the document of --file. An option not given is not in it.

    `zone` reads the times where neither says one; None is this machine's.
    """
    named = [f"--{one}" for one in ("agent", "team") if given.get(one) is not None]
    named += ["--smart"] if given.get("smart") else []
    if len(named) > 1:
        raise WrongUse(f"{' and '.join(named)} exclude each other: choose one")
    path = given.get("file")
    body = inputs.document(path, lamp.stdin) if path else {}
    body |= {one.field: one.value(given[one.name]) for one in PLAIN if given.get(one.name) not in (None, ())}
    if "prompt" in body and given.get("prompt") is not None:
        body["prompt"] = inputs.text(body["prompt"], "--prompt", lamp.stdin)
    if given.get("variable"):
        body["variables"] = inputs.pairs(body["variables"] or (), "--variable") or None
    read_in = {"timezone": body.get("timezone") or body.get("cron_timezone") or zone}
    schedules = _schedules(lamp, read_in, given)
    # A document may name its schedules in another way than the options do.
    kept = {field: value for field, value in body.items() if not (schedules and field in SPELLINGS)}
    return kept | _times(lamp, body, read_in) | schedules


def times(given: Mapping[str, Any]) -> list[datetime]:
    """All moments that these options say."""
    values = [given.get(one.name) for one in (*PLAIN, *timing.SCHEDULES)]
    single = [one for value in values for one in (value if isinstance(value, list) else [value])]
    starts = [one.start if isinstance(one, Every) else one for one in single]
    return [one for one in starts if isinstance(one, datetime)]


def _times(lamp: Lamp, body: Mapping[str, Any], read_in: Mapping[str, Any]) -> dict[str, Any]:
    """Moments read in the job's zone, as the wire has them."""
    return {
        one.field: _moment(lamp, read_in, one, body[one.field])
        for one in PLAIN
        if isinstance(body.get(one.field), datetime)
    }


def _schedules(lamp: Lamp, read_in: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    asked = [one for one in timing.SCHEDULES if given.get(one.name)]
    texts = [_text(lamp, read_in, one, value) for one in asked for value in one.value(given[one.name]) or ()]
    if not asked:
        return {}
    return {"schedules": texts} if len(texts) > 1 else {"schedule": "".join(texts) or None}


def _text(lamp: Lamp, read_in: Mapping[str, Any], option: Setting, value: str | Every | datetime) -> str:
    """A schedule as the wire has it."""
    match value:
        case str():
            return value
        case datetime(tzinfo=None) if read_in.get("timezone"):
            # The schedule's own zone reads it, also where its clock skips or repeats that hour.
            return f"@at {moments.wall(value)}"
        case datetime():
            return f"@at {_moment(lamp, read_in, option, value)}"
        case Every():
            begin = f" from {_moment(lamp, read_in, option, value.start)}" if value.start else ""
            return f"@every {spans.written(value.seconds)}{begin}"


def _moment(lamp: Lamp, read_in: Mapping[str, Any], option: Setting, moment: datetime) -> str:
    name = read_in.get("timezone")
    where = moments.zone(str(name), option.option) if name and not moment.tzinfo else lamp.zone
    return moments.rfc3339(moment, where)
