"""`lamp calendar` and `lamp environment` against a gateway."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import Reply, ScriptedGateway

ICS = "BEGIN:VCALENDAR\nEND:VCALENDAR\n"

HOLIDAYS = {
    "id": "holidays",
    "name": "Holidays",
    "source": "ics",
    "covers_until": "2036-03-02",
    "revision": 1,
    "entry_count": 60,
    "entries": [
        {"kind": "days", "first": "2025-12-25", "last": "2025-12-25", "name": "Over"},
        {"kind": "days", "first": "2026-02-28", "last": "2026-03-02", "name": "Today"},
        {"kind": "span", "starts_at": "2026-04-01T09:00:00Z", "ends_at": "2026-04-01T10:00:00Z", "name": ""},
        *(
            {"kind": "days", "first": f"20{n}-12-25", "last": f"20{n}-12-25", "name": "X"}
            for n in range(26, 83)
        ),
    ],
}


def test_a_calendar_of_days(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp(
        *("calendar", "create", "Holidays", "--id", "holidays", "--description", "all of us"),
        *("--date", "2026-12-25 Christmas", "--date", "2026-12-26..2027-01-01"),
    )
    assert ran.code == 0, ran.err
    assert gateway.asked[-1].body == {
        "id": "holidays",
        "name": "Holidays",
        "description": "all of us",
        "dates": ["2026-12-25 Christmas", "2026-12-26..2027-01-01"],
    }
    assert "Created calendar holidays" in ran.out


def test_a_calendar_of_a_file_or_a_pipe(lamp: CommandLine, gateway: ScriptedGateway, tmp_path: Path) -> None:
    file = tmp_path / "feed.ics"
    file.write_text(ICS)

    assert lamp("calendar", "create", "Feed", "--ics", str(file)).code == 0
    assert gateway.asked[-1].body == {"name": "Feed", "ics": ICS}
    assert lamp("calendar", "update", "feed", "--ics", "-", stdin=ICS).code == 0
    assert gateway.asked[-1].body == {"ics": ICS}


def test_a_file_that_is_none_is_refused_here(
    lamp: CommandLine, gateway: ScriptedGateway, tmp_path: Path
) -> None:
    binary = tmp_path / "feed.ics"
    binary.write_bytes(b"\xff\xfe")

    for given, words in ((str(binary), "not UTF-8"), (str(tmp_path / "none"), "cannot be read")):
        ran = lamp("calendar", "create", "Feed", "--ics", given)
        assert (ran.code, words in ran.err) == (2, True)
    assert gateway.asked == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["create", "X"], "--date '2026-12-25 Christmas', or --ics FILE"),
        (["create", "X", "--date", "2026-12-25", "--ics", "-"], "exclude each other"),
        (["update", "x"], "nothing to change"),
    ],
)
def test_a_calendar_needs_one_source(
    lamp: CommandLine, gateway: ScriptedGateway, arguments: list[str], words: str
) -> None:
    ran = lamp("calendar", *arguments)
    assert (ran.code, words in ran.err, gateway.asked) == (2, True, [])


def test_what_is_wrong_in_a_file_is_said_with_its_line(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    wrong = {
        "title": "",
        "detail": "",
        "errors": [{"field": "ics", "problem": "line 12: 'x' cannot be read"}],
    }
    gateway.answers["POST", "/api/v1/calendars"] = Reply(422, wrong)
    ran = lamp("calendar", "create", "X", "--ics", "-", stdin=ICS)
    assert (ran.code, ran.err) == (2, "error: ics: line 12: 'x' cannot be read\n")


def test_a_calendar_shows_what_comes_next(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.things["calendars"]["holidays"] = dict(HOLIDAYS)

    shown = lamp("calendar", "get", "holidays").out
    listed = lamp("cal", "ls").out

    assert "2026-02-28..2026-03-02  Today" in shown
    assert "2026-04-01 09:00:00 UTC - 2026-04-01 10:00:00 UTC" in shown
    assert "and 9 more (-o json shows all)" in shown
    assert "Over" not in shown
    assert listed.splitlines()[1].split() == ["holidays", "Holidays", "60", "ics", "2036-03-02"]
    assert json.loads(lamp("calendar", "get", "holidays", "-o", "json").out) == HOLIDAYS


def test_a_calendar_is_emptied_and_deleted(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.things["calendars"]["holidays"] = dict(HOLIDAYS)
    assert lamp("calendar", "update", "holidays", "--date", "").code == 0
    assert gateway.asked[-1].body == {"dates": []}
    assert lamp("calendar", "rm", "holidays").code == 0
    assert lamp("calendar", "get", "holidays").code == 3
    assert json.loads(lamp("calendar", "list", "-o", "json").out) == []


def test_an_environment_is_made_changed_and_shown(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp(
        *("environment", "create", "Lab", "--id", "lab", "--queue", "inside", "--timezone", "Europe/Berlin"),
        *("--variable", "A=1", "--variable", "B=x=y", "--exclude-date", "2026-12-25", "--description", "d"),
        *("--blackout", "fri 18:00 - mon 06:00", "--calendar", "one", "--calendar", "two"),
    )
    assert ran.code == 0, ran.err
    assert gateway.asked[-1].body == {
        "id": "lab",
        "name": "Lab",
        "description": "d",
        "queue": "inside",
        "variables": {"A": "1", "B": "x=y"},
        "timezone": "Europe/Berlin",
        "exclude_dates": ["2026-12-25"],
        "blackouts": ["fri 18:00 - mon 06:00"],
        "calendars": ["one", "two"],
    }
    assert "B=x=y" in ran.out
    assert "fri 18:00 - mon 06:00" in lamp("env", "get", "lab").out
    assert "2026-12-25, fri 18:00 - mon 06:00, one, two" in lamp("envs", "list").out

    assert lamp("environment", "update", "lab", "--blackout", "", "--variable", "", "--queue", "").code == 0
    assert gateway.asked[-1].body == {"queue": None, "variables": None, "blackouts": None}
    assert lamp("environment", "update", "lab", "--name", "New", "--calendar", "one").code == 0
    assert gateway.asked[-1].body == {"name": "New", "calendars": ["one"]}
    assert lamp("environments", "delete", "lab").code == 0


def test_what_an_environment_checks_and_opens(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp(
        *("environment", "create", "Lab", "--id", "lab", "--check-command", "test -e '/mnt/a b'"),
        *("--check-every", "5m", "--tool", "files.*", "--tool", "shell", "--network-host", "*.example.org"),
        *("--network-range", "10.0.0.0/8", "--internet=false", "--concurrent", "4"),
    )
    assert ran.code == 0, ran.err
    assert gateway.asked[-1].body == {
        "id": "lab",
        "name": "Lab",
        "check": {"kind": "command", "command": ["test", "-e", "/mnt/a b"], "every_seconds": 300},
        "tools": ["files.*", "shell"],
        "network": {"hosts": ["*.example.org"], "ranges": ["10.0.0.0/8"], "internet": False},
        "concurrent": 4,
    }
    for text in (
        "test -e '/mnt/a b', every 5 min",
        "files.*, shell",
        "only *.example.org",
        "also 10.0.0.0/8",
    ):
        assert text in ran.out

    lamp("env", "update", "lab", "--check-timeout", "3s", "--network-host", "")
    assert gateway.asked[-1].headers["if-match"] == '"1"'
    assert gateway.asked[-1].body == {
        "check": {
            "kind": "command",
            "command": ["test", "-e", "/mnt/a b"],
            "every_seconds": 300,
            "timeout_seconds": 3,
        },
        "network": {"ranges": ["10.0.0.0/8"], "internet": False},
    }
    lamp("env", "update", "lab", "--check-url", "https://lab.test/health", "--tool", "")
    assert gateway.asked[-1].body == {
        "check": {"kind": "url", "url": "https://lab.test/health"},
        "tools": None,
    }
    lamp("env", "update", "lab", "--check-url", "")
    assert gateway.asked[-1].body == {"check": None}


@pytest.mark.parametrize(("ready", "words"), [(True, "yes"), (False, "no: no disk"), (None, "not known yet")])
def test_whether_an_environment_is_ready(
    lamp: CommandLine, gateway: ScriptedGateway, ready: bool | None, words: str
) -> None:
    check = {"kind": "url", "url": "https://lab.test", "every_seconds": 60}
    state = {"ready": ready, "ready_reason": "no disk" if ready is False else "", "secrets": ["A", "B"]}
    gateway.things["environments"]["lab"] = {
        "id": "lab",
        "name": "Lab",
        "revision": 1,
        "check": check,
        **state,
    }
    shown = lamp("environment", "get", "lab").out
    assert words in shown
    assert "A, B" in shown


def test_an_environment_is_used_wrongly(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    assert lamp("environment", "update", "lab").code == 2
    assert lamp("environment", "create", "Lab", "--variable", "A").code == 2
    assert lamp("environment", "create", "Lab", "--check-every", "5m").code == 2
    both = ("--check-command", "true", "--check-url", "http://x")
    assert lamp("environment", "create", "Lab", *both).code == 2
    for noun in ("calendar", "environment"):
        assert lamp(noun, "delete", "x", terminal=True, stdin="\n").code == 1
    assert gateway.asked == []
