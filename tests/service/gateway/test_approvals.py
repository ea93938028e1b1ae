"""A person's word: listed, asked for, given once; and what is said where it comes too late."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from lamplighter_contracts import subjects
from lamplighter_contracts.control import AnswerReply
from lamplighter_contracts.executions import ApprovalState, ExecutionStatus
from lamplighter_contracts.queries import ApprovalRecord
from tests.service.gateway.running import Running
from tests.service.gateway.scripted_history import ScriptedHistory, scripted_history
from tests.service.gateway.test_live import AT, EXECUTION, Worker
from tests.support.happenings import answered, approval, waiting
from tests.support.waiting import heard

MINE = f"{EXECUTION}-1"
PENDING = approval(approval_id=MINE)


def answered_as(state: ApprovalState) -> Any:
    return PENDING.model_copy(update={"state": state, "answered_at": AT, "answered_by": "ada"})


APPROVED, DENIED = answered_as(ApprovalState.APPROVED), answered_as(ApprovalState.DENIED)


def recorded(known: Any = PENDING) -> ApprovalRecord:
    return ApprovalRecord(execution_id=EXECUTION, job_id="a-job", job_name="Job", approval=known)


@pytest.fixture
async def history(bus: Client) -> AsyncIterator[ScriptedHistory]:
    async with scripted_history(bus) as history:
        yield history


async def test_they_are_listed_as_asked(running: Running, history: ScriptedHistory) -> None:
    history.approvals = [recorded()]
    [one] = await running.json(
        "GET", f"/approvals?state=pending,denied&job_id=a-job&execution_id={EXECUTION}&limit=7"
    )
    assert (one["id"], one["execution_id"], one["job_id"], one["job_name"]) == (
        *(MINE, EXECUTION, "a-job", "Job"),
    )
    assert (one["state"], one["summary"], one["tool"]) == ("pending", "shell: rm -r build", "shell")
    assert history.asked[-1][1] == {
        "projects": None,
        "execution_id": EXECUTION,
        "job_id": "a-job",
        "states": ["pending", "denied"],
        "limit": 7,
    }
    assert (await running.http.get("/api/v1/approvals?state=perhaps")).status_code == 422


async def test_one_is_told_as_the_bus_has_it_and_else_as_history_does(
    running: Running, bus: Client, history: ScriptedHistory
) -> None:
    history.approvals = [recorded()]
    assert (await running.json("GET", f"/approvals/{MINE}"))["state"] == "pending"
    await Worker(bus).tell(subjects.execution_status(EXECUTION), answered(), approvals=(APPROVED,))
    told = await running.json("GET", f"/approvals/{MINE}")
    assert (told["state"], told["answered_by"], told["job_id"]) == ("approved", "ada", "a-job")


@pytest.mark.parametrize("name", [f"{EXECUTION}-2", "nonsense", EXECUTION, "a-b-1"])
async def test_one_that_nobody_asked_for(running: Running, history: ScriptedHistory, name: str) -> None:
    history.approvals = [recorded()]
    for method, path in (("GET", ""), ("POST", "/approve"), ("POST", "/deny")):
        answer = await running.http.request(method, f"/api/v1/approvals/{name}{path}")
        assert answer.status_code == 404, (method, path, answer.text)


async def replying(bus: Client, reply: AnswerReply) -> list[dict[str, Any]]:
    """As a dispatcher would; what it was asked."""
    asked: list[dict[str, Any]] = []

    async def on_answer(message: Msg) -> None:
        asked.append(json.loads(message.data))
        await message.respond(reply.model_dump_json().encode())

    await bus.subscribe(subjects.ANSWER_APPROVAL, cb=on_answer)
    await heard(bus)
    return asked


@pytest.mark.parametrize(("verb", "word"), [("approve", APPROVED), ("deny", DENIED)])
async def test_a_word_is_passed_on_with_its_note_and_who_gave_it(
    running: Running, bus: Client, verb: str, word: Any
) -> None:
    await Worker(bus).tell(subjects.execution_status(EXECUTION), waiting(), approvals=(PENDING,))
    reply = AnswerReply(outcome="recorded", approval=word, status=ExecutionStatus.QUEUED)
    asked = await replying(bus, reply)

    told = await running.json("POST", f"/approvals/{MINE}/{verb}", {"note": "go on"})

    assert (told["id"], told["state"], told["execution_id"]) == (MINE, word.state, EXECUTION)
    assert asked == [
        {
            "execution_id": EXECUTION,
            "approval_id": MINE,
            "approved": verb == "approve",
            "note": "go on",
            "answered_by": "test admin",
        }
    ]


@pytest.mark.parametrize(
    ("reply", "status", "words"),
    [
        (AnswerReply(outcome="answered", approval=APPROVED), 200, "ada"),
        (
            AnswerReply(outcome="answered", approval=DENIED),
            409,
            "denied before by ada at 2026-03-01T12:00:00Z",
        ),
        (AnswerReply(outcome="answered", approval=answered_as(ApprovalState.EXPIRED)), 409, "expired at"),
        (AnswerReply(outcome="over", approval=PENDING), 409, "does not wait for it any more"),
        (AnswerReply(outcome="unknown"), 409, "does not wait for it any more"),
        (None, 503, "nothing was answered"),
    ],
)
async def test_a_word_that_comes_second(
    running: Running, bus: Client, reply: AnswerReply | None, status: int, words: str
) -> None:
    await Worker(bus).tell(subjects.execution_status(EXECUTION), waiting(), approvals=(PENDING,))
    if reply is not None:
        await replying(bus, reply)
    answer = await running.http.post(f"/api/v1/approvals/{MINE}/approve")
    assert (answer.status_code, words in answer.text) == (status, True), answer.text


@pytest.mark.parametrize("state", [ApprovalState.EXPIRED, ApprovalState.CANCELLED])
async def test_what_is_over_is_not_asked_for_again(
    running: Running, history: ScriptedHistory, state: ApprovalState
) -> None:
    """No dispatcher runs: nobody is asked."""
    history.approvals = [recorded(answered_as(state))]
    answer = await running.http.post(f"/api/v1/approvals/{MINE}/deny")
    assert answer.status_code == 409
    assert MINE in answer.json()["detail"]


@pytest.mark.parametrize("body", [{"note": 5}, {"note": "x" * 1_001}, {"notes": "x"}])
async def test_a_note_that_is_none(running: Running, body: dict[str, Any]) -> None:
    answer = await running.http.post(f"/api/v1/approvals/{MINE}/approve", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith("note")
