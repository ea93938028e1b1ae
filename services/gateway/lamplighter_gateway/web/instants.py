"""Which times can be meant: far from both ends of the calendar, where nothing could be counted from them."""

from datetime import datetime

_FIRST_YEAR, _LAST_YEAR = 1970, 2999

STRANGE = f"must lie in the years {_FIRST_YEAR} to {_LAST_YEAR}, such as '2026-12-01T09:00:00Z'"


def is_strange(instant: datetime | None) -> bool:
    return instant is not None and not _FIRST_YEAR <= instant.year <= _LAST_YEAR
