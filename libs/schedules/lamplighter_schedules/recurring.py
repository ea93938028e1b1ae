"""A cron expression in a zone: when it is due."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from .changes import first_change
from .cron import Cron
from .firing import next_elapsed, next_fixed
from .spans import Blocks, elapsed_instants, fixed_instants
from .wall import WallTimes
from .wording import cron_words

_SECOND = timedelta(seconds=1)


class Recurring:
    """The instants of a cron expression in `zone`."""

    __slots__ = ("_cron", "_times", "_zone")

    def __init__(self, cron: Cron, times: WallTimes, zone: ZoneInfo) -> None:
        self._cron, self._times, self._zone = cron, times, zone

    def next_after(self, instant: datetime) -> datetime:
        """The first instant strictly after `instant`. Raises OverflowError where the calendar ends."""
        search = next_fixed if self._cron.fixed_time else next_elapsed
        return search(self._times, self._zone, instant)

    def instants(self, low: datetime, high: datetime, *, newest_first: bool) -> Blocks:
        """The instants in [low, high), whole seconds."""
        search = fixed_instants if self._cron.fixed_time else elapsed_instants
        return search(self._times, self._zone, low, high, newest_first=newest_first)

    def skipped_at(self, instant: datetime) -> list[datetime]:
        """The wall times that the clocks skip as they jump at `instant`, and that are due then instead."""
        jump = first_change(self._zone, instant - _SECOND, instant)
        if jump is None or not self._cron.fixed_time:
            return []
        blocks = self._times.instants(instant - (jump.offset - jump.before), instant, jump.offset)
        return [(due + jump.offset).replace(tzinfo=None) for block in blocks for due in block]

    def words(self, zone_name: str) -> str:
        return cron_words(self._cron, zone_name)
