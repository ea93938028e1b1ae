"""Lists that come in pages: all of one, or as many as were asked for, and no request too many."""

from email.message import Message
from typing import Any

import pytest

from lamplighter_cli.client import Answer
from lamplighter_cli.paging import LARGE_PAGE, PAGE, collect


class Paged:
    """A gateway's list of so many items, whose cursor is the number of the first one of a page."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.asked: list[dict[str, Any]] = []

    def request(self, method: str, path: str, *, query: dict[str, Any]) -> Answer:
        self.asked.append(query)
        start = int(query["cursor"] or 0)
        end = min(start + query["limit"], self.count)
        headers = Message()
        if end < self.count:
            headers["Next-Cursor"] = str(end)
        return Answer([{"number": number} for number in range(start, end)], headers)


@pytest.mark.parametrize(
    ("count", "limit", "sizes"),
    [
        (0, None, [LARGE_PAGE]),
        (3, None, [LARGE_PAGE]),
        (LARGE_PAGE, None, [LARGE_PAGE]),
        (LARGE_PAGE + 1, None, [LARGE_PAGE] * 2),
        (10_000, None, [LARGE_PAGE] * 20),
        (10_000, 20, [20]),
        (10_000, PAGE + 20, [PAGE, 20]),
        (5, 20, [20]),
    ],
)
def test_a_list_is_read_to_its_end_and_no_further(count: int, limit: int | None, sizes: list[int]) -> None:
    gateway: Any = Paged(count)

    found = collect(gateway, "/api/v1/jobs", {"enabled": "true"}, limit)

    assert [one["number"] for one in found] == list(range(count if limit is None else min(limit, count)))
    assert [asked["limit"] for asked in gateway.asked] == sizes
    assert all(asked["enabled"] == "true" for asked in gateway.asked)
