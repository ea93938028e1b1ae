"""`lamp audit`: listed, shown, verified and exported."""

import json
from pathlib import Path
from typing import Any

import pytest

from lamplighter_contracts.chain import link_hash
from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import Reply, ScriptedGateway

AUDIT = "/api/v1/audit"

RECORD: dict[str, Any] = {
    "number": 1,
    "at": "2026-03-01T12:00:00Z",
    "actor": "a4c287",
    "actor_name": "CI",
    "role": "editor",
    "address": "192.0.2.7",
    "project": "default",
    "action": "job.change",
    "kind": "jobs",
    "object_id": "daily-report-7f3a",
    "outcome": "done",
    "count": 1,
    "before_number": 1,
    "before": '{"name": "Report", "enabled": true, "old": 1}',
    "after": '{"name": "Report", "enabled": false}',
    "previous": "",
    "source": "KV_catalog/2026-03-01T12:00:00.000000Z/7",
}
RECORD |= {"hash": link_hash(RECORD)}
DENIED = {
    "number": 2,
    "at": "2026-03-01T12:00:00Z",
    "actor": "anonymous",
    "action": "GET /api/v1/jobs",
    "outcome": "denied",
    "count": 41,
}
HOLDS: dict[str, Any] = {
    "holds": True,
    "checked": 5,
    "last_number": 5,
    "last_hash": "ab",
    "broken_at": None,
    "problem": "",
    "anchor": {"number": 5, "hash": "ab"},
    "next": None,
}


def test_the_list(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.answers["GET", AUDIT] = Reply(200, [DENIED, RECORD])
    ran = lamp("audit", "list", "--outcome", "denied", "--from", "2026-03-01T00:00:00Z", "--id", "x")
    assert ran.code == 0, ran.err
    title, denied, done = ran.out.splitlines()
    assert title.split() == ["NUMBER", "WHEN", "WHO", "FROM", "WHAT", "ON", "OUTCOME"]
    assert denied.endswith("denied 41 times")
    assert "CI (a4c287)" in done
    assert gateway.asked[-1].query == {
        "outcome": "denied",
        "from": "2026-03-01T00:00:00Z",
        "object_id": "x",
        "limit": "20",
    }


def test_one_record_shows_what_it_changed(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.answers["GET", f"{AUDIT}/1"] = Reply(200, RECORD)
    ran = lamp("audit", "show", "1")
    assert ran.code == 0, ran.err
    assert [line.strip() for line in ran.out.splitlines() if "->" in line] == [
        "Changed   enabled: true -> false",
        "old: 1 -> (nothing)",
    ]


def test_a_chain_that_holds(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.answers["POST", f"{AUDIT}/verify"] = Reply(200, HOLDS)
    ran = lamp("audit", "verify")
    assert ran.code == 0, ran.err
    assert "5 records hold" in ran.out
    assert "could have changed both" in ran.out


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        ({"anchor": None}, "Not checked: whether there were more after it"),
        (
            {"holds": False, "broken_at": 3, "problem": "record 3 is gone"},
            "BROKEN at record 3: record 3 is gone.",
        ),
    ],
)
def test_what_does_not_hold_or_cannot_be_checked(
    lamp: CommandLine, gateway: ScriptedGateway, verdict: dict[str, Any], told: str
) -> None:
    gateway.answers["POST", f"{AUDIT}/verify"] = Reply(200, {**HOLDS, **verdict})
    ran = lamp("audit", "verify")
    assert told in ran.out
    assert ran.code == (0 if verdict.get("holds", True) else 1)
    assert json.loads(lamp("audit", "verify", "-o", "json").out) == {**HOLDS, **verdict}


def exported(count: int = 4) -> bytes:
    previous, lines = "", []
    for number in range(1, count + 1):
        record = {**RECORD, "number": number, "previous": previous}
        previous = link_hash(record)
        lines.append(json.dumps({**record, "hash": previous}) + "\n")
    return "".join(lines).encode()


def test_an_export_is_checked_without_the_gateway(
    lamp: CommandLine, gateway: ScriptedGateway, tmp_path: Path
) -> None:
    gateway.answers["GET", AUDIT] = Reply(200, exported(), {"Content-Type": "application/x-ndjson"})
    file = tmp_path / "audit.ndjson"
    ran = lamp("audit", "export", "--file", str(file))
    assert (ran.code, ran.out) == (0, f"Wrote 4 records to {file}\n")
    assert file.read_bytes() == exported() == lamp("audit", "export").raw
    asked = len(gateway.asked)
    ran = lamp("audit", "verify", "--file", str(file))
    assert ran.code == 0, ran.err
    assert "4 records hold" in ran.out
    assert "Not checked: whether there were more after it" in ran.out
    file.write_bytes(exported().replace(b"192.0.2.7", b"192.0.2.8", 1))
    ran = lamp("audit", "verify", "--file", str(file))
    assert (ran.code, ran.out.splitlines()[0]) == (
        1,
        "BROKEN at record 1: record 1 is not as it was recorded.",
    )
    assert len(gateway.asked) == asked


def test_an_export_that_breaks_off_says_so(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    body = exported() + b'{"problem":{"detail":"History does not answer"}}\n'
    gateway.answers["GET", AUDIT] = Reply(200, body, {"Content-Type": "application/x-ndjson"})
    ran = lamp("audit", "export")
    assert ran.code == 1
    assert "this is not all of it: History does not answer" in ran.err


@pytest.mark.parametrize("arguments", [("--head", "ab"), ("--file", "/nowhere/at/all")])
def test_wrong_use(lamp: CommandLine, arguments: tuple[str, ...]) -> None:
    assert lamp("audit", "verify", *arguments).code == 2
