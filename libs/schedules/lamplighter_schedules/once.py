"""`@at 2026-12-01 09:00`: a single instant."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from .errors import ScheduleError
from .moments import Moment, read_moment, rfc3339
from .spans import Blocks
from .zones import zone_words

_WRITTEN = re.compile(r"@at\s+(\S.*)", re.ASCII | re.IGNORECASE)


class Once:
    """One instant, `at`, in UTC."""

    __slots__ = ("_wall", "_zone", "at")

    def __init__(self, moment: Moment, zone: ZoneInfo) -> None:
        self.at, self._wall, self._zone = moment.at, moment.wall, zone

    @property
    def text(self) -> str:
        """The canonical form: `@at 2026-12-01T14:00:00Z`."""
        return f"@at {rfc3339(self.at)}"

    def next_after(self, instant: datetime) -> datetime | None:
        """The instant, where it is strictly after `instant`."""
        return self.at if instant < self.at else None

    def instants(self, low: datetime, high: datetime, *, newest_first: bool) -> Blocks:
        """The instant, where it is in [low, high)."""
        if low <= self.at < high:
            yield [self.at]

    def skipped_at(self, instant: datetime) -> list[datetime]:
        """The local time that was written, where the clocks skip it."""
        if self._wall is None or instant != self.at or self._wall == self._shown:
            return []
        return [self._wall]

    @property
    def _shown(self) -> datetime:
        return self.at.astimezone(self._zone).replace(tzinfo=None)

    def words(self, zone_name: str) -> str:
        """`Once, on 1 December 2026 at 09:00, New York time`."""
        time = self._shown.strftime("%B %Y at %H:%M:%S").removesuffix(":00")
        return f"Once, on {self._shown.day} {time}, {zone_words(zone_name)}"


def read_once(expression: str, zone: ZoneInfo) -> Once:
    """What `@at ...` writes; a naive time is a local time in `zone`. Raises ScheduleError."""
    written = _WRITTEN.fullmatch(expression.strip())
    if written is None:
        raise ScheduleError(
            "schedule",
            f"The schedule {expression!r} does not say when: write '@at 2026-12-01 09:00' for the local time, "
            "or '@at 2026-12-01T09:00:00Z'.",
        )
    return Once(read_moment(written[1], zone, expression), zone)
