"""What time it is elsewhere, from answers that were under way for a while and a steady count in between."""

from dataclasses import dataclass
from datetime import datetime, timedelta

STEP = timedelta(seconds=1)
"""By more than this no clock is off because an answer was slow: it was set anew, or this machine slept."""

NO_STEP = timedelta(0)


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer that said what time it was there. `asked` and `answered` are seconds of the steady count here.

    When the answer arrived it was no earlier than `said`, and no later than `said` and the whole round trip.
    """

    said: datetime
    asked: float
    answered: float

    @property
    def latest(self) -> datetime:
        return self.said + timedelta(seconds=self.answered - self.asked)

    @property
    def middle(self) -> datetime:
        """The best guess where nothing else is known: half the round trip was the way back."""
        return self.said + (self.latest - self.said) / 2


class Reckoning:
    """The time there at any moment of the steady count. It never goes back, but where the clock there does."""

    def __init__(self, first: Reading) -> None:
        self._instant, self._moment = first.middle, first.answered
        self._told = first.middle

    def at(self, moment: float) -> datetime:
        """Moments are asked for in their order."""
        self._told = max(self._told, self._reckoned(moment))
        return self._told

    def learn(self, reading: Reading) -> timedelta:
        """Agree with an answer, by as small a change as it takes. Returns the change if it was a step."""
        believed = self._reckoned(reading.answered)
        return self._set(min(max(believed, reading.said), reading.latest), reading.answered)

    def seen(self, instant: datetime, moment: float) -> timedelta:
        """Something was written there at `instant`, so it is that late at least. Returns as `learn`."""
        return self._set(max(self._reckoned(moment), instant), moment)

    def _reckoned(self, moment: float) -> datetime:
        return self._instant + timedelta(seconds=moment - self._moment)

    def _set(self, instant: datetime, moment: float) -> timedelta:
        change = instant - self._reckoned(moment)
        self._instant, self._moment = instant, moment
        if abs(change) <= STEP:
            return NO_STEP
        # After a smaller change backwards it stands still until it is that late again.
        self._told = instant
        return change
