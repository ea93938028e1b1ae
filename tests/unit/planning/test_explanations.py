"""Why: one sentence for each kind of outcome, for each silence, and for what is ahead."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from lamplighter_contracts.events import Firing, Outcome, SkipReason, TriggerKind, outcome_of
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.gates import Gate, Running, Waiting
from lamplighter_contracts.jobs import AgentExecutor, Job, ScheduleTrigger, WebhookTrigger
from lamplighter_contracts.queries import ExecutionRecord, OccurrenceAnswer, OccurrenceRecord
from lamplighter_contracts.timing import (
    Concurrency,
    Exclusions,
    Overlap,
    Pause,
    Spread,
    Window,
)
from lamplighter_planning.clock_words import length
from lamplighter_planning.explanations import explain
from lamplighter_planning.inquiry import Inquiry
from lamplighter_planning.timetable import timetable

NEXT = "The next is Tue 2026-03-03 at 09:00, in 23 h."
NEXT_IN_FULL = "The next is Tue 2026-03-03 at 09:00 New York time (14:00 UTC), in 23 h."
WED = "Wed 2026-03-04 at 09:00 New York time (14:00 UTC)"
NINE = "Mon 2026-03-02 at 09:00 New York time (14:00 UTC)"


def at(text: str) -> datetime:
    """`14:00` in UTC on Monday, the second of March 2026; `5T14:00` on the fifth."""
    day, _, clock = text.rpartition("T")
    return datetime.fromisoformat(f"2026-03-{int(day or 2):02}T{clock}+00:00")


NOW = at("15:00")
DUE = at("14:00")


def job(*schedules: str, **changes: Any) -> Job:
    fields = {
        "job_id": "report-7f3a",
        "name": "Report",
        "prompt": "Write it.",
        "executor": AgentExecutor(agent_id="writer"),
        "triggers": tuple(ScheduleTrigger(schedule=s) for s in schedules or ("0 9 * * *",)),
        "timezone": "America/New_York",
        "created_at": at("1T00:00"),
        "updated_at": at("1T00:00"),
        "scheduled_from": at("1T00:00"),
    }
    return Job.model_validate(fields | changes)


def gate(**fields: Any) -> Gate:
    return Gate(job_id="report-7f3a", **{"cursor": DUE} | fields)


def record(
    outcome: Outcome = Outcome.FIRED, detail: str = "", when: str = "14:00", **fields: Any
) -> OccurrenceRecord:
    firing = {"kind": TriggerKind.SCHEDULE, "key": "k", "nominal_at": at(when)}
    firing |= {name: fields.pop(name) for name in tuple(fields) if name in Firing.model_fields}
    return OccurrenceRecord.model_validate(
        {
            "job_id": "report-7f3a",
            "key": "k",
            "firing": Firing.model_validate(firing),
            "decided_at": at(when),
            "outcome": outcome,
            "execution_id": "e1",
            "detail": detail,
            **fields,
        }
    )


def skipped(reason: SkipReason, detail: str = "", **fields: Any) -> OccurrenceRecord:
    return record(outcome_of(reason), detail, reason=reason, **fields)


def execution(status: str, **fields: Any) -> ExecutionRecord:
    return ExecutionRecord.model_validate(
        {
            "execution_id": "e1",
            "job_id": "report-7f3a",
            "status": status,
            "created_at": DUE,
            "started_at": DUE,
            "finished_at": at("14:00:12") if ExecutionStatus(status).is_final else None,
            **fields,
        }
    )


@dataclass(frozen=True)
class Case:
    name: str
    sentence: str
    record: OccurrenceRecord | None = None
    execution: ExecutionRecord | None = None
    job: Job = field(default_factory=job)
    gate: Gate = field(default_factory=gate)
    asked: str = "14:00"
    ledger: OccurrenceAnswer | None = None


def case_inquiry(case: Case, when: datetime | None) -> Inquiry:
    ledger = case.ledger or OccurrenceAnswer(at=case.record)
    times = timetable(case.job, case.job.job_id)
    return Inquiry(case.job, case.gate, times, NOW, when, ledger, case.record, case.execution)


def waiting(execution_id: str, **fields: Any) -> Waiting:
    return Waiting(
        execution_id=execution_id, kind=TriggerKind.SCHEDULE, key="k", nominal_at=DUE, since=DUE, **fields
    )


def gathering(execution_id: str, *joined: str, **fields: Any) -> Waiting:
    return waiting(execution_id, gathers=True, joined=joined, **fields)


INTO = "it was gathered with others until 2026-03-02T14:05:00Z into execution e0"
RAN = "execution e0 was still running (since 2026-03-02T13:00:00Z)"

APPROVAL: dict[str, Any] = {
    "approval_id": "e1-1",
    "action": "tool",
    "action_hash": "00",
    "summary": "shell: rm -r build",
    "requested_at": at("14:10"),
    "deadline_at": at("3T14:10"),
}

RECORDED = [
    Case("completed", f"It fired on {NINE}: execution e1 completed after 12 s.", record(), execution("completed")),
    Case(
        "failed", f"It fired on {NINE}: execution e1 failed after 12 s: the command ended with exit code 3.",
        record(), execution("failed", reason="exit_code", detail="the command ended with exit code 3."),
    ),
    Case(
        "cancelled", f"It fired on {NINE}: execution e1 was cancelled after 12 s: cancelled by ann.",
        record(), execution("cancelled", detail="cancelled by ann"),
    ),
    Case("running", f"It fired on {NINE}: execution e1 has run for 60 min so far.", record(), execution("running")),
    Case("cancelling", f"It fired on {NINE}: execution e1 is being cancelled.", record(), execution("cancelling")),
    Case(
        "parked", f"It fired on {NINE}: execution e1 is parked since Mon 2026-03-02 at 09:10 until"
        " Tue 2026-03-03 at 09:10 for an approval: shell: rm -r build.",
        record(), execution("waiting_for_input", approvals=[APPROVAL]),
    ),
    Case(
        "parked for several", f"It fired on {NINE}: execution e1 is parked since Mon 2026-03-02 at 09:10 until"
        " Tue 2026-03-03 at 09:10 for 2 approvals: shell: rm -r build; shell: rm -r build.",
        record(), execution("waiting_for_input", approvals=[APPROVAL, APPROVAL, APPROVAL | {"state": "denied"}]),
    ),
    Case(
        "retrying", f"It fired on {NINE}: execution e1 failed in attempt 2: the model answered 503, and is tried"
        " again on Mon 2026-03-02 at 10:05.",
        record(),
        execution(
            "retrying", detail="The model answered 503.", not_before=at("15:05"),
            attempts=[{"attempt": n, "worker": "w", "started_at": DUE} for n in (1, 2)],
        ),
    ),
    Case(
        "just blocked", f"It fired on {NINE}: execution e1 did not run: the agent 'x' is not active.",
        record(), execution("blocked", detail="The agent 'x' is not active."),
    ),
    Case(
        "blocked", f"It did not run on {NINE}: the agent 'x' is not active.",
        skipped(SkipReason.BLOCKED, "The agent 'x' is not active."), execution("blocked"),
    ),
    Case(
        "denied by policy", f"It did not run on {NINE}: it was denied by policy: no deployments on Fridays.",
        skipped(SkipReason.POLICY, "No deployments on Fridays."), execution("blocked"),
    ),
    Case(
        "not approved", f"It did not run on {NINE}: it was not approved: ann denied it.",
        skipped(SkipReason.APPROVAL, "ann denied it."), execution("blocked"),
    ),
    Case(
        "no dispatcher", f"It fired on {NINE}: execution e1 has waited for a dispatcher for 60 min.",
        record(), execution("queued", started_at=None),
    ),
    Case("forgotten", f"It fired on {NINE}: execution e1, of which nothing more is recorded.", record()),
    Case(
        "late", f"It fired on {NINE}, 34 s after it was due: execution e1 completed after 12 s.",
        record(decided_at=at("14:00:34")), execution("completed"),
    ),
    Case(
        "punctual", f"It fired on {NINE}: execution e1 completed after 12 s.",
        record(decided_at=at("14:00:00.900")), execution("completed"),
    ),
    Case(
        "spread", f"It fired on {NINE}, put off to 09:04:12 by its spread: execution e1 completed after 12 s.",
        record(effective_at=at("14:04:12"), decided_at=at("14:04:12")), execution("completed"),
    ),
    Case(
        "caught up",
        f"It was due on {NINE}, was missed, and the job caught up with it: execution e1 completed after 12 s.",
        record(caught_up=True, decided_at=at("14:40")), execution("completed"),
    ),
    Case(
        "by hand", f"ann started it by hand on {NINE}: execution e1 completed after 12 s.",
        record(kind="manual", triggered_by="ann"), execution("completed"),
    ),
    Case(
        "webhook", f"A delivery to its webhook started it on {NINE}: execution e1 completed after 12 s.",
        record(kind="webhook"), execution("completed"),
    ),
    Case(
        "gathered",
        f"A delivery to its webhook started it on {NINE}, where 12 deliveries were gathered until 09:05:"
        " execution e1 completed after 12 s.",
        record(kind="webhook", gathered=12, decided_at=at("14:05")), execution("completed"),
    ),
    Case(
        "gathered alone",
        f"A delivery to its webhook started it on {NINE}, where no other was gathered until 09:05:"
        " execution e1 completed after 12 s.",
        record(kind="webhook", gathered=1, decided_at=at("14:05")), execution("completed"),
    ),
    Case(
        "gathered into another",
        f"It did not fire by itself on {NINE}: it was gathered with others until Mon 2026-03-02 at 09:05 into"
        " execution e0, which completed after 12 s.",
        skipped(SkipReason.COALESCED, INTO, kind="webhook", into="e0"), execution("completed"),
    ),
    Case(
        "gathered into another that still gathers",
        f"It did not fire by itself on {NINE}: it was gathered with others until Mon 2026-03-02 at 09:05 into"
        " execution e0, which has still to start.",
        skipped(SkipReason.COALESCED, INTO, kind="webhook", into="e0"), execution("queued"),
        gate=gate(waiting=(gathering("e0", "b", not_before=at("15:05")),)),
    ),
    Case(
        "gathered into another of which nothing is known",
        f"It did not fire by itself on {NINE}: it was gathered with others until Mon 2026-03-02 at 09:05 into"
        " execution e0.",
        skipped(SkipReason.COALESCED, INTO, kind="webhook", into="e0"),
    ),
    Case(
        "gathering",
        f"A delivery came on {NINE} and waits for others of 'pr-7' until Mon 2026-03-02 at 10:05:"
        " 2 have joined it so far.",
        record(Outcome.QUEUED, "deliveries are gathered", kind="webhook"),
        gate=gate(waiting=(gathering("e1", "b", "c", not_before=at("15:05"), group="pr-7"),)),
    ),
    Case(
        "gathered and waiting",
        f"A delivery came on {NINE} and waits for its turn; of others of its kind, one has joined it.",
        record(Outcome.QUEUED, "deliveries are gathered", kind="webhook"),
        gate=gate(waiting=(gathering("e1", "b"),)),
    ),
    Case(
        "backfill", f"Backfill bf-1 ran the occurrence on {NINE}: execution e1 completed after 12 s.",
        record(kind="backfill", backfill_id="bf-1", decided_at=at("14:50")), execution("completed"),
    ),
    Case(
        "queued",
        f"It was due on {NINE} and waits for its turn: execution e0 was still running (since Mon 2026-03-02 at 08:00)."
        " 1 waits before it.",
        record(Outcome.QUEUED, RAN), gate=gate(waiting=(waiting("e9"), waiting("e8", lane="b"), waiting("e1"))),
    ),
    Case(
        "queued for later",
        f"It was due on {NINE} and waits for its turn: one every 60 s. It starts on Mon 2026-03-02 at 10:05.",
        record(Outcome.QUEUED, "one every 60 s"), gate=gate(waiting=(waiting("e1", not_before=at("15:05")),)),
    ),
    Case(
        "no longer queued",
        f"It was due on {NINE} and has waited: {RAN.replace('2026-03-02T13:00:00Z', 'Mon 2026-03-02 at 08:00')}."
        " Its turn has come, or it was cancelled: ask again.",
        record(Outcome.QUEUED, RAN),
    ),
    Case(
        "coalesced", f"It did not fire by itself on {NINE}: execution e0 waits already and stands for it.",
        skipped(SkipReason.COALESCED, "execution e0 waits already and stands for it"),
    ),
    Case(
        "overlap",
        f"It did not fire on {NINE}: execution e0 was still running (since Mon 2026-03-02 at 08:00), and the job skips"
        " overlaps.",
        skipped(SkipReason.OVERLAP, RAN),
    ),
    Case(
        "overlap under a bound",
        f"It did not fire on {NINE}: execution e0 was still running (since Mon 2026-03-02 at 08:00), and the job runs"
        " at most 3 at a time.",
        skipped(SkipReason.OVERLAP, RAN), job=job(concurrency=Concurrency(overlap=Overlap.ALLOW, max_running=3)),
    ),
    Case(
        "overlap, of a job that was changed since",
        f"It did not fire on {NINE}: execution e0 was still running (since Mon 2026-03-02 at 08:00).",
        skipped(SkipReason.OVERLAP, RAN), job=job(updated_at=at("14:30")),
    ),
    Case(
        "replaced", f"It did not fire on {NINE}: execution e2, which is newer, took its place.",
        skipped(SkipReason.REPLACED, "execution e2, which is newer, took its place"),
    ),
    Case(
        "paused",
        f"It did not fire on {NINE}, as one of 5 from Mon 2026-03-02 at 08:00 to Mon 2026-03-02 at 09:30: the job was"
        " paused by ann on Mon 2026-03-02 at 07:30 until Mon 2026-03-02 at 09:45: maintenance.",
        skipped(
            SkipReason.PAUSED,
            "the job was paused by ann at 2026-03-02T12:30:00Z until 2026-03-02T14:45:00Z: maintenance",
            when="14:30", count=5, first_at=at("13:00"),
        ),
    ),
    Case(
        "missed", f"It was missed on {NINE}: it was decided 1 h 30 min late, and the job allows 1 h at most.",
        skipped(SkipReason.MISSED, "it was decided 1 h 30 min late, and the job allows 1 h at most"),
    ),
    Case(
        "excluded date", f"It did not fire on {NINE}: 2026-03-02 is an excluded date.",
        skipped(SkipReason.EXCLUDED_DATE, "2026-03-02 is an excluded date"),
    ),
    Case(
        "blackout", f"It did not fire on {NINE}: Monday 09:00 is in the blackout 'mon 08:00-10:00'.",
        skipped(SkipReason.BLACKOUT, "Monday 09:00 is in the blackout 'mon 08:00-10:00'"),
    ),
    Case(
        "calendar", f"It did not fire on {NINE}: 2026-03-02 is in the calendar 'Holidays' (Town fair).",
        skipped(SkipReason.CALENDAR, "2026-03-02 is in the calendar 'Holidays' (Town fair)"),
    ),
    Case(
        "exhausted", f"It did not fire on {NINE}: the schedule has fired 3 times, as often as it may.",
        skipped(SkipReason.EXHAUSTED, "the schedule has fired 3 times, as often as it may"),
    ),
    Case(
        "blocked", f"It did not fire on {NINE}: its prompt could not be rendered. Line 1: there is no payload.x.",
        skipped(SkipReason.BLOCKED, "Line 1: there is no payload.x."),
    ),
    Case(
        "expired", f"It did not fire on {NINE}: it waited until what started it was forgotten.",
        skipped(SkipReason.EXPIRED, "it waited until what started it was forgotten"),
    ),
    Case(
        "cancelled while it waited", f"It did not fire on {NINE}: it was cancelled while it waited.",
        skipped(SkipReason.CANCELLED, "it was cancelled while it waited"),
    ),
    Case(
        "deleted", f"It did not fire on {NINE}: the job was deleted on Mon 2026-03-02 at 08:00.",
        skipped(SkipReason.DELETED, "the job was deleted at 2026-03-02T13:00:00Z"),
    ),
    Case(
        "too large", f"It did not fire on {NINE}: job and payload together have 600,000 bytes.",
        skipped(SkipReason.TOO_LARGE, "job and payload together have 600,000 bytes"),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", RECORDED, ids=[case.name for case in RECORDED])
def test_what_is_recorded_of_an_instant(case: Case) -> None:
    told = explain(case_inquiry(case, at(case.asked)))
    assert told.sentence == f"{case.sentence} {NEXT}"
    assert told.next_at == at("3T14:00")


def test_every_outcome_and_every_reason_has_its_sentence() -> None:
    records = [case.record for case in RECORDED if case.record]
    assert {record.outcome for record in records} == set(Outcome)
    assert {record.reason for record in records} == {*SkipReason, None}
    statuses = {case.execution.status for case in RECORDED if case.execution}
    assert statuses == set(ExecutionStatus)
    assert {record.firing.kind for record in records} == set(TriggerKind)


PAUSE = Pause(paused_at=at("13:30"), note="moving", paused_by="ann")
SILENT = [
    Case(
        "no time of the schedule",
        "Nothing was due on Mon 2026-03-02 at 09:30 New York time (14:30 UTC): it is no time of the schedule. The one"
        " before is Mon 2026-03-02 at 09:00, which was skipped (overlap); the one after is Tue 2026-03-03 at 09:00.",
        asked="14:30", ledger=OccurrenceAnswer(before=skipped(SkipReason.OVERLAP, RAN)),
    ),
    Case(
        "between two that fired",
        "Nothing was due on Mon 2026-03-02 at 09:15 New York time (14:15 UTC): it is no time of the schedule. The one"
        " before is Mon 2026-03-02 at 09:00, which fired; the one after is Mon 2026-03-02 at 09:30, which was missed.",
        job=job("0,30 9 * * *"), asked="14:15",
        ledger=OccurrenceAnswer(before=record(), after=skipped(SkipReason.MISSED, when="14:30")),
    ),
    Case(
        "no schedule",
        f"Nothing was due on {NINE}: the job has no schedule; it runs on deliveries to its webhook /go, and when"
        " somebody starts it.",
        job=job(triggers=(WebhookTrigger(path="/go"),)),
    ),
    Case(
        "before the schedule began",
        f"Nothing was due on {NINE}: the schedule begins on Tue 2026-03-03 at 05:00.",
        job=job(window=Window(starts_at=at("3T10:00"))),
    ),
    Case(
        "after the schedule ended", f"Nothing was due on {NINE}: the schedule ends on Mon 2026-03-02 at 08:00.",
        job=job(window=Window(ends_at=at("13:00"))),
    ),
    Case(
        "before the job was made",
        f"Nothing was due on {NINE}: the schedule was made on Mon 2026-03-02 at 09:30 and counts from then on.",
        job=job(created_at=at("14:30"), scheduled_from=at("14:30")), gate=gate(cursor=None),
    ),
    Case(
        "before the schedule was changed",
        f"Nothing was due on {NINE}: the schedule was changed, or restored, on Mon 2026-03-02 at 09:30 and counts from"
        " then on.",
        job=job(scheduled_from=at("14:30")),
    ),
    Case(
        "in a pause that lasts",
        f"It did not fire on {NINE}: the job was paused by ann on Mon 2026-03-02 at 08:30: moving.",
        job=job(pause=PAUSE), gate=gate(cursor=None),
    ),
    Case(
        "after it was deleted",
        f"It did not fire on {NINE}: the job was deleted on Mon 2026-03-02 at 08:00; `lamp job restore report-7f3a`"
        " brings it back.",
        job=job(deleted_at=at("13:00")),
    ),
    Case(
        "decided just now",
        "It was due on Mon 2026-03-02 at 09:59:58 New York time (14:59:58 UTC), just now, and is being decided: ask"
        " again in a moment.",
        job=job("@at 2026-03-02T14:59:58Z", "0 9 * * *"), asked="14:59:58",
    ),
    Case(
        "in the ledger's lag",
        "It was due on Mon 2026-03-02 at 09:55 New York time (14:55 UTC); what became of it is being recorded: ask"
        " again in a moment.",
        job=job("55 9 * * *", "0 9 * * *"), gate=gate(cursor=at("14:55")), asked="14:55",
    ),
    Case(
        "no record any more",
        f"It was due on {NINE}, and was decided; its record is not there yet, or is no longer kept.",
    ),
    Case(
        "overdue",
        f"It was due on {NINE}, 60 min ago, and no scheduler has decided it: none seems to be at work.",
        gate=gate(cursor=at("1T14:00")),
    ),
    Case(
        "overdue, and left out", f"It did not fire on {NINE}: 2026-03-02 is an excluded date.",
        job=job(exclusions=Exclusions(dates=("2026-03-02",))), gate=gate(cursor=at("1T14:00")),
    ),
    Case(
        "put off",
        "It was due on Mon 2026-03-02 at 09:59 New York time (14:59 UTC) and is put off by its spread: it starts at"
        " {effective}, in {left}.",
        job=job("59 9 * * *", spread=Spread(spread_seconds=3_600)), asked="14:59",
    ),
    Case(
        "to come", f"It is due on {WED}, in 47 h.", asked="4T14:00",
    ),
    Case(
        "to come, perhaps",
        f"It is due on {WED}, in 47 h, unless the schedule has fired 9 times"
        " by then.",
        job=job(window=Window(max_runs=9)), asked="4T14:00",
    ),
    Case(
        "to come, and left out",
        f"It will not fire on {WED}: 2026-03-04 is an excluded date.",
        job=job(exclusions=Exclusions(dates=("2026-03-04",))), asked="4T14:00",
    ),
    Case(
        "to come, in a pause",
        f"It will not fire on {WED}: the job was paused by ann on Mon"
        " 2026-03-02 at 08:30: moving.",
        job=job(pause=PAUSE), asked="4T14:00",
    ),
    Case(
        "to come, after the last",
        f"It will not fire on {WED}: the schedule has fired 2 times, as often"
        " as it may.",
        job=job(window=Window(max_runs=2)), gate=gate(runs=2, counted_from=at("1T00:00")), asked="4T14:00",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", SILENT, ids=[case.name for case in SILENT])
def test_nothing_is_recorded_of_an_instant(case: Case) -> None:
    inquiry = case_inquiry(case, at(case.asked))
    effective = inquiry.times.effective(at(case.asked))
    minutes = (effective - NOW).total_seconds() / 60
    sentence = case.sentence.format(
        effective=inquiry.clock.time(effective, effective), left=f"{minutes:.0f} min"
    )
    assert explain(inquiry).sentence.startswith(sentence)


AHEAD = [
    Case("next", NEXT_IN_FULL),
    Case(
        "after the last", f"It fired on {NINE}: execution e1 completed after 12 s. {NEXT}",
        record(), execution("completed"),
    ),
    Case(
        "paused",
        "Nothing fires until the job is resumed. The job was paused by ann on Mon 2026-03-02 at 08:30: moving.",
        job=job(pause=PAUSE),
    ),
    Case(
        "paused for a time",
        "The job was paused by ann on Mon 2026-03-02 at 08:30 until Wed 2026-03-04 at 09:00: moving. The next is"
        f" {WED}, in 47 h.",
        job=job(pause=Pause(paused_at=at("13:30"), until=at("4T14:00"), note="moving", paused_by="ann")),
    ),
    Case("paused until now", NEXT_IN_FULL, job=job(pause=Pause(paused_at=at("13:30"), until=NOW))),
    Case(
        "paused for all that is left",
        "The job was paused on Mon 2026-03-02 at 08:30 until Wed 2026-03-04 at 09:00. Nothing more is due: the schedule"
        " has nothing after that.",
        job=job("@at 2026-03-03T14:00:00Z", pause=Pause(paused_at=at("13:30"), until=at("4T14:00"))),
    ),
    Case(
        "deleted",
        "Nothing fires: the job was deleted on Mon 2026-03-02 at 08:00 New York time (13:00 UTC); `lamp job restore"
        " report-7f3a` brings it back.",
        job=job(deleted_at=at("13:00")),
    ),
    Case(
        "no schedule", "Nothing is due by itself: the job has no schedule; it runs when somebody starts it.",
        job=job(triggers=()),
    ),
    Case(
        "exhausted", "Nothing more fires: the schedule has fired 2 times, as often as it may.",
        job=job(window=Window(max_runs=2)), gate=gate(runs=2, counted_from=at("1T00:00")),
    ),
    Case(
        "exhausted by one", "Nothing more fires: the schedule has fired once, as often as it may.",
        job=job(window=Window(max_runs=1)), gate=gate(runs=1, counted_from=at("1T00:00")),
    ),
    Case(
        "ended",
        "Nothing more is due: the schedule ended on Mon 2026-03-02 at 09:30 New York time (14:30 UTC).",
        job=job(window=Window(ends_at=at("14:30"))),
    ),
    Case(
        "once", f"Nothing more is due: the last time of the schedule was {NINE}.",
        job=job("@at 2026-03-02T14:00:00Z"),
    ),
    Case(
        "left out for good",
        "Everything that is due in the time to come is left out: the first is Tue 2026-03-03 at 09:00, and Tuesday"
        " 09:00 is in the blackout 'daily 08:00-10:00'.",
        job=job(exclusions=Exclusions(blackouts=("daily 08:00-10:00",))),
    ),
    Case(
        "one left out",
        f"The next is {WED}, in 47 h. One before it is left out: 2026-03-03 is an excluded date.",
        job=job(exclusions=Exclusions(dates=("2026-03-03",))),
    ),
    Case(
        "several left out",
        "The next is Fri 2026-03-06 at 09:00 New York time (14:00 UTC), in 4 days. 3 before it are left out, the first"
        " because 2026-03-03 is in the excluded dates 2026-03-03..2026-03-05.",
        job=job(exclusions=Exclusions(dates=("2026-03-03..2026-03-05",))),
    ),
    Case(
        "one still runs",
        f"{NEXT_IN_FULL} Execution e1 has run since Mon 2026-03-02 at 09:00: if it still does then, the next is"
        " skipped.",
        gate=gate(running={"e1": Running(since=DUE)}),
    ),
    Case(
        "one still runs, and one waits",
        f"{NEXT_IN_FULL} Execution e1 has run since Mon 2026-03-02 at 09:00: if it still does then, the next waits"
        " for its end. One waits for its turn.",
        job=job(concurrency=Concurrency(overlap=Overlap.QUEUE_ALL)),
        gate=gate(running={"e1": Running(since=DUE)}, waiting=(waiting("e2"),)),
    ),
    Case(
        "one waits already, and stands for the next",
        f"{NEXT_IN_FULL} Execution e1 has run since Mon 2026-03-02 at 09:00: if it still does then, the next is"
        " coalesced into the one that waits. One waits for its turn.",
        job=job(concurrency=Concurrency(overlap=Overlap.QUEUE_ONE)),
        gate=gate(running={"e1": Running(since=DUE)}, waiting=(waiting("e2"),)),
    ),
    Case(
        "as many wait as may",
        f"{NEXT_IN_FULL} Execution e1 has run since Mon 2026-03-02 at 09:00: if it still does then, the next is"
        " skipped, unless one of those that wait has begun. One waits for its turn.",
        job=job(concurrency=Concurrency(overlap=Overlap.QUEUE_ALL, max_queued=1)),
        gate=gate(running={"e1": Running(since=DUE)}, waiting=(waiting("e2"),)),
    ),
    Case(
        "one still runs, to be replaced",
        f"{NEXT_IN_FULL} Execution e1 has run since Mon 2026-03-02 at 09:00: if it still does then, it is cancelled"
        " to make room.",
        job=job(concurrency=Concurrency(overlap=Overlap.REPLACE)), gate=gate(running={"e1": Running(since=DUE)}),
    ),
    Case(
        "deliveries gather",
        f"{NEXT_IN_FULL} 3 deliveries wait for others until Mon 2026-03-02 at 10:05.",
        gate=gate(waiting=(gathering("e1", "b", "c", not_before=at("15:05")),)),
    ),
    Case(
        "deliveries gather, and nothing is scheduled",
        "Nothing is due by itself: the job has no schedule; it runs when somebody starts it. One waits for its turn."
        " 2 deliveries wait for others in 2 groups, the first until Mon 2026-03-02 at 10:05.",
        job=job(triggers=()),
        gate=gate(
            waiting=(
                gathering("e1", not_before=at("15:06")), gathering("e2", not_before=at("15:05")), gathering("e3"),
            )
        ),
    ),
    Case(
        "overdue",
        f"{NEXT_IN_FULL} Something has been due since Mon 2026-03-02 at 09:00, 60 min ago, and no scheduler has"
        " decided it: none seems to be at work.",
        gate=gate(cursor=at("1T14:00")),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", AHEAD, ids=[case.name for case in AHEAD])
def test_what_is_ahead(case: Case) -> None:
    assert explain(case_inquiry(case, None)).sentence == case.sentence


TOLD_ONCE = [
    Case("exhausted", "", job=job(window=Window(max_runs=2)), gate=gate(runs=2, counted_from=at("1T00:00"))),
    Case("unscheduled", "", job=job(triggers=())),
    Case("deleted", "", job=job(deleted_at=at("13:00"))),
]


@pytest.mark.parametrize("case", TOLD_ONCE, ids=[case.name for case in TOLD_ONCE])
def test_what_keeps_it_from_firing_for_good_is_told_once(case: Case) -> None:
    assert explain(case_inquiry(case, at("4T14:00"))).sentence.count(": ") == 1


def test_a_pause_is_told_once() -> None:
    paused = Pause(paused_at=at("13:30"), until=at("5T00:00"), note="moving", paused_by="ann")
    sentence = explain(case_inquiry(Case("paused", "", job=job(pause=paused)), at("4T14:00"))).sentence
    assert sentence == (
        f"It will not fire on {WED}: the job was paused by ann on Mon 2026-03-02 at 08:30 until Wed 2026-03-04 at"
        " 19:00: moving. The next is Thu 2026-03-05 at 09:00, in 3 days."
    )


@pytest.mark.parametrize(
    ("exact", "words"),
    [
        (timedelta(minutes=90), "1 h 30 min"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(seconds=60.2), "1 min 1 s"),
        (timedelta(days=1, hours=2, minutes=3), "1 day 2 h"),
        (timedelta(days=2), "2 days"),
        (timedelta(0), "1 s"),
    ],
)
def test_a_length_is_told_in_its_two_largest_units(exact: timedelta, words: str) -> None:
    assert length(exact) == words
