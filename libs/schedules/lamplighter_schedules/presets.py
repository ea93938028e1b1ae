"""Presets: schedules with a name, some of which take a time. Each one is five cron fields underneath."""

import re
from dataclasses import dataclass

from .errors import ScheduleError

_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})"


@dataclass(frozen=True)
class _Preset:
    cron: str
    """What the bare name means."""
    timed: str = ""
    """The same at a chosen time: cron fields with `{minute}`, `{hour}` and perhaps `{day}`."""
    arguments: str = ""
    """A pattern of what may follow the name."""
    example: str = ""


_PRESETS = {
    "@hourly": _Preset("0 * * * *"),
    "@daily": _Preset("0 0 * * *", "{minute} {hour} * * *", _TIME, "09:00"),
    "@midnight": _Preset("0 0 * * *"),
    "@weekdays": _Preset("0 0 * * 1-5", "{minute} {hour} * * 1-5", _TIME, "17:00"),
    "@weekends": _Preset("0 0 * * 0,6", "{minute} {hour} * * 0,6", _TIME, "10:00"),
    "@weekly": _Preset(
        "0 0 * * 0", "{minute} {hour} * * {day}", rf"(?P<day>[a-z]{{3}}|\d) {_TIME}", "mon 08:00"
    ),
    "@monthly": _Preset(
        "0 0 1 * *", "{minute} {hour} {day} * *", rf"(?P<day>\d{{1,2}}|l) {_TIME}", "1 00:00"
    ),
    "@yearly": _Preset("0 0 1 1 *"),
    "@annually": _Preset("0 0 1 1 *"),
}


def cron_of(preset: str) -> str:
    """The five fields that `preset` stands for: `@weekly mon 08:00` is `00 08 * * mon`.

    Whether its hour, minute and day are in range is for the fields to say. Raises ScheduleError.
    """
    name, *arguments = preset.lower().split()
    known = _PRESETS.get(name)
    if known is None:
        allowed = ", ".join(_PRESETS)
        raise ScheduleError(
            "schedule",
            f"There is no preset {name!r}: the presets are {allowed}; and there are "
            "'@every 90s' and '@at 2026-12-01 09:00'.",
        )
    if not arguments:
        return known.cron
    found = re.fullmatch(known.arguments, " ".join(arguments), re.ASCII)
    if not (known.arguments and found):
        allowed = (
            f"{name!r} or '{name} {known.example}'" if known.example else f"{name!r} and nothing after it"
        )
        raise ScheduleError("schedule", f"The preset {preset!r} cannot be read: write {allowed}.")
    return known.timed.format_map(found.groupdict())
