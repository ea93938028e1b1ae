"""Who did it, what was decided, what it waits for, what it did, and why it never began: from events to answers."""

from typing import Any

import pytest
from nats.aio.client import Client

from lamplighter_contracts.choices import Candidate
from lamplighter_contracts.events import Outcome, SkipReason
from lamplighter_contracts.executions import ApprovalState, ExecutionStatus
from lamplighter_contracts.jobs import SmartExecutor
from lamplighter_contracts.queries import (
    ApprovalPage,
    ChoicePage,
    ExecutionPage,
    FindOccurrence,
    JobSummaries,
    ListApprovals,
    ListChoices,
    ListExecutions,
    ListOccurrences,
    OccurrenceAnswer,
    OccurrencePage,
    SummariseJobs,
)
from lamplighter_contracts.reasons import Blocked
from lamplighter_contracts.streams import DEAD
from tests.service.history.conftest import History
from tests.support.happenings import (
    JOB,
    answered,
    approval,
    at,
    blocked,
    choice,
    chosen,
    decided,
    due,
    effects,
    execution,
    finished,
    forwarded,
    happen,
    parked,
    queued,
    retrying,
    started,
    step,
    waiting,
)


async def a_run(bus: Client) -> None:
    """A smart job, given to an agent of another environment; parked, approved, failed once, completed."""
    await happen(bus, due(executor=SmartExecutor()), forwarded())
    call: dict[str, Any] = {"kind": "tool", "arguments": "{}", "source": "writer"}
    await happen(
        bus,
        chosen(),
        decided(2),
        started(environment="far", policy_hash="feed"),
        step(1, **call),
        step(1, "finished", **call, result="ok"),
        effects("shell"),
        parked(),
        waiting(),
    )
    await happen(bus, answered(), started(resumed=True, worker="other", environment="far"), retrying())
    await happen(bus, started(attempt=2, agent_id="second"), effects("shell", "http"))
    await happen(bus, finished(attempt=2, approvals=answered().approvals))


async def test_a_run_is_told_whole_and_a_list_is_short(history: History) -> None:
    await a_run(history.bus)
    await history.until_all_is_recorded()

    record = await history.execution(execution())
    assert record is not None
    assert (record.status, record.agent_id, record.executor_kind) == ("completed", "second", "smart")
    assert record.choice is not None
    assert [one.agent_id for one in record.choice.candidates] == ["writer", "sleeper"]
    assert [(one.tool, one.verdict.effect) for one in record.decisions] == [("shell", "deny")]
    assert [(one.state, one.answered_by) for one in record.approvals] == [("approved", "ada")]
    assert [(one.name, one.kind, one.result) for one in record.steps] == [("step 1", "tool", "ok")]
    assert [one.name for one in record.effects] == ["shell", "http"]
    assert [(one.worker, one.reason) for one in record.attempts] == [
        ("other", "unavailable"),
        ("worker-2", ""),
    ]
    assert (record.usage.input_tokens, record.started_at, record.not_before) == (500, at(1), None)
    assert (await history.bus.jetstream().stream_info(DEAD.name)).state.messages == 0

    [listed] = (await history.asked(ListExecutions(agent_id="second"), ExecutionPage)).executions
    assert listed.choice is not None
    assert (listed.choice.chosen, listed.choice.candidates) == ("writer", ())
    assert (listed.steps, listed.decisions, listed.usage) == ((), (), record.usage)
    assert (await history.asked(ListExecutions(agent_id="writer"), ExecutionPage)).executions == ()


async def test_of_one_agent_are_those_it_does_and_those_it_is_to_do(history: History) -> None:
    await happen(
        history.bus, due(), due(1, executor=SmartExecutor()), due(2), due(3, executor=SmartExecutor())
    )
    await happen(history.bus, started(1), started(2), started(3, agent_id="other"))
    await history.until_all_is_recorded()

    async def listed(**asked: object) -> list[str]:
        page = await history.asked(
            ListExecutions.model_validate({"agent_id": "writer", **asked}), ExecutionPage
        )
        return [record.execution_id for record in page.executions]

    assert await listed() == [execution(2), execution(1), execution(0)]
    assert await listed(statuses=["running"]) == [execution(2), execution(1)]
    assert await listed(limit=2, offset=1) == [execution(1), execution(0)]


@pytest.mark.parametrize("first", ["due", "blocked", "together"])
@pytest.mark.parametrize(
    ("reason", "outcome", "word"),
    [
        (Blocked.SECRET, Outcome.BLOCKED, SkipReason.BLOCKED),
        (Blocked.POLICY, Outcome.SKIPPED, SkipReason.POLICY),
        (Blocked.APPROVAL, Outcome.SKIPPED, SkipReason.APPROVAL),
    ],
)
async def test_what_never_began_did_not_fire(
    history: History, first: str, reason: Blocked, outcome: Outcome, word: SkipReason
) -> None:
    events = [due(payload={"a": 1}), blocked(reason=reason)]
    for event in events if first != "blocked" else events[::-1]:
        await happen(history.bus, event)
        if first != "together":
            await history.until_all_is_recorded()
    await history.until_all_is_recorded()

    [listed] = (await history.asked(ListOccurrences(job_id=JOB), OccurrencePage)).occurrences
    assert (listed.outcome, listed.reason, listed.detail) == (
        outcome,
        word,
        "the agent 'writer' is not active",
    )
    assert listed.firing.nominal_at == at(0)
    fired = ListOccurrences(job_id=JOB, outcomes=(Outcome.FIRED,))
    assert (await history.asked(fired, OccurrencePage)).occurrences == ()
    found = (await history.asked(FindOccurrence(job_id=JOB, at=at(0)), OccurrenceAnswer)).at
    assert found is not None
    assert found.firing.payload == {"a": 1}, "the firing is kept"
    record = await history.execution(execution())
    assert record is not None
    assert (record.status, record.reason, record.started_at) == ("blocked", reason, None)
    summary = await history.asked(SummariseJobs(job_ids=(JOB,)), JobSummaries)
    assert [one.status for one in summary.summaries] == [ExecutionStatus.BLOCKED]


async def test_one_that_waited_for_its_turn_and_then_was_blocked(history: History) -> None:
    await happen(history.bus, blocked())
    await happen(history.bus, due())
    await happen(history.bus, queued())
    await history.until_all_is_recorded()
    [listed] = (await history.asked(ListOccurrences(job_id=JOB), OccurrencePage)).occurrences
    assert listed.outcome is Outcome.BLOCKED
    record = await history.execution(execution())
    assert record is not None
    assert record.status is ExecutionStatus.BLOCKED


async def test_approvals_are_found_by_state_by_job_and_by_execution(history: History) -> None:
    denied = approval(2, state=ApprovalState.DENIED, answered_by="ada", answered_at=at(9))
    second = approval(2, 2, requested_at=at(500))
    await happen(history.bus, due(0), due(1), due(2), due(3, "other"))
    await happen(history.bus, waiting(0), waiting(2, approvals=(denied, second)), waiting(3, "other"))
    await happen(history.bus, waiting(1))
    cancelled = approval(1, state=ApprovalState.CANCELLED)
    await happen(history.bus, finished(1, outcome=ExecutionStatus.CANCELLED, approvals=(cancelled,)))
    await history.until_all_is_recorded()

    async def asked(**query: object) -> list[str]:
        page = await history.asked(ListApprovals.model_validate(query), ApprovalPage)
        assert all(one.job_name == "Nightly report" for one in page.approvals)
        return [one.approval.approval_id for one in page.approvals]

    newest = f"{execution(2)}-2"
    first = [f"{execution(n, job_id)}-1" for n, job_id in ((0, JOB), (1, JOB), (2, JOB), (3, "other"))]
    assert await asked() == [newest, first[3], first[2], first[1], first[0]]
    assert await asked(limit=1) == [newest]
    assert await asked(states=["pending"]) == [newest, first[3], first[0]]
    assert await asked(states=["denied", "cancelled"]) == [first[2], first[1]]
    assert await asked(job_id="other") == [first[3]]
    assert await asked(execution_id=execution(2)) == [newest, first[2]]
    assert await asked(execution_id=execution(2), states=["pending"]) == [newest]


async def test_choices_are_paged_newest_first_with_how_it_ended(history: History) -> None:
    large = choice(candidates=tuple(Candidate(agent_id=f"a{n}", detail="x" * 500) for n in range(200)))
    await happen(history.bus, *(due(n, executor=SmartExecutor()) for n in range(12)), due(20, "other"))
    await happen(history.bus, *(chosen(of=n, choice=large) for n in range(12)))
    await happen(history.bus, finished(11), blocked(10))
    await history.until_all_is_recorded()

    seen: list[tuple[str, ExecutionStatus | None]] = []
    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        page = await history.asked(ListChoices(since=at(4), limit=7, cursor=cursor), ChoicePage)
        seen += [(one.execution_id, one.outcome) for one in page.choices]
        cursor, pages = page.next_cursor, pages + 1
        for one in page.choices:
            assert (one.prompt, one.trigger, one.environment) == ("Write the report", "schedule", "default")
            assert one.choice == large
    outcomes = {11: ExecutionStatus.COMPLETED, 10: ExecutionStatus.BLOCKED}
    assert seen == [(execution(n), outcomes.get(n)) for n in range(11, 2, -1)]
    assert pages > 2, "four of them fill a page"
    of_other = ListChoices(since=at(-86_400), job_id="other")
    assert (await history.asked(of_other, ChoicePage)).choices == ()
