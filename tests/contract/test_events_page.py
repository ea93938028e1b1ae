"""The page about events names every event there is, where it is, and what can be asked."""

import re
from pathlib import Path

from lamplighter_contracts.bus import CHANNELS
from lamplighter_gateway.live.listening import HEARTBEAT_SECONDS, WHY
from lamplighter_gateway.live.marks import KEPT
from lamplighter_gateway.live.told import EVENTS, NAMES, Kind, name_of

PAGE = (Path(__file__).parents[2] / "docs/events.md").read_text()
ROW = re.compile(r"^\| `([a-z.]+)` \| `([^`]+)` \| (.+) \|$", re.MULTILINE)


def test_every_event_has_a_row() -> None:
    assert [name for name, _, _ in ROW.findall(PAGE)] == list(NAMES)


def test_every_event_is_where_the_page_says() -> None:
    subjects = {name: subject for name, subject, _ in ROW.findall(PAGE)}
    channels = {channel.subject: channel.models for channel in CHANNELS}
    for event in EVENTS:
        assert event in channels[subjects[name_of(event.event_type)]]


def test_all_that_can_be_asked_is_there() -> None:
    for word in ("job_id", "agent_id", "project", "kind", "type", "status", "since", "follow"):
        assert re.search(rf"^\|.*`{word}`.*\|$", PAGE, re.MULTILINE), word
    for word in (*(kind.value for kind in Kind), *WHY):
        assert f"`{word}`" in PAGE, word


def test_its_numbers_are_the_ones_in_the_code() -> None:
    assert f"Every {HEARTBEAT_SECONDS:.0f} seconds" in PAGE
    assert f"for {KEPT.total_seconds() / 3600:.0f} hours" in PAGE


def test_the_example_is_short() -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    written = [line for line in example.splitlines() if line]
    assert len(written) <= 15
