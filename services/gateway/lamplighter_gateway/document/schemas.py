"""The shapes of what is answered."""

from pydantic import BaseModel

from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.calendars import Calendar
from lamplighter_contracts.choices import Choice
from lamplighter_contracts.deliveries import DeliveryOutcome
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.events import Firing, Outcome, SkipReason
from lamplighter_contracts.executions import Approval, Effected, ExecutionStatus
from lamplighter_contracts.flat_shape import WEBHOOK
from lamplighter_contracts.policies import Policy, PolicyInput, Verdict
from lamplighter_contracts.queries import (
    Attempt,
    AuditRecord,
    BackfillRecord,
    DecisionRecord,
    OccurrenceRecord,
    RecordedLine,
    StepRecord,
)
from lamplighter_contracts.timing import Pause
from lamplighter_contracts.tokens import Role, Token
from lamplighter_contracts.usage import Usage
from lamplighter_contracts.workers import WorkerState
from lamplighter_gateway.document.shapes import (
    ANYTHING,
    COUNT,
    FREE,
    INSTANT,
    NUMBER,
    TEXT,
    TEXTS,
    YES,
    Schema,
    extended,
    listed,
    or_null,
    ref,
    softened,
    thing,
    words,
)
from lamplighter_gateway.jobs.schema import FIELDS
from lamplighter_gateway.web.problems import TYPES, WORDS

SCHEMAS: dict[str, Schema] = {}
"""By name, as references have them."""


def _shown(model: type[BaseModel], *left_out: str, **more: Schema) -> Schema:
    """As an answer has it: whole, whatever a request may leave out."""
    whole = softened(
        model.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}Shown")
    )
    SCHEMAS.update({f"{name}Shown": schema for name, schema in whole.pop("$defs", {}).items()})
    own = {name: schema for name, schema in whole["properties"].items() if name not in left_out}
    required = [name for name in own if name in whole.get("required", own)]
    return {
        "type": "object",
        "properties": {**own, **more},
        "required": [*required, *(name for name in more if name not in required)],
    }


def _plain(schema: Schema) -> Schema:
    """A field of a request as an answer has it: what may be left out there stands here."""
    return {k: v for k, v in schema.items() if k not in ("default", "examples")}


_SERVER: dict[str, Schema] = {
    "trigger_type": words("cron", "webhook", "manual"),
    "cron_schedule": or_null(TEXT),
    "cron_timezone": TEXT,
    "prompt_template": TEXT,
    "planning_mode": words("predefined_agent", "predefined_team", "on_the_fly"),
    "entity_type": or_null(TEXT),
    "entity_id": or_null(TEXT),
    "executor_type": words("auto", "environment"),
    "worker_queue_name": or_null(TEXT),
    "environment_name": TEXT,
    "config": FREE,
    "execution_environment": FREE,
}
"""The same once more, in the words of the server dialect."""


def _job() -> Schema:
    flat = {name: _plain(schema) for name, schema in FIELDS.items()}
    # A job without a webhook has nothing to say of it.
    flat |= {name: or_null(schema) for name, schema in flat.items() if name in WEBHOOK}
    more = {
        **_SERVER,
        "id": TEXT,
        "job_id": TEXT,
        "status": words("active", "disabled"),
        "pause": or_null(ref("Pause")),
        "environment": TEXT,
        "environment_inherited": YES,
        "schedule_words": or_null(TEXT),
        "next_run_at": or_null(INSTANT),
        "next_execution_at": or_null(INSTANT),
        "last_run_at": or_null(INSTANT),
        "last_execution_at": or_null(INSTANT),
        "last_run_status": or_null(STATUS),
        "entity_name": or_null(TEXT),
        "webhook_url": or_null(TEXT),
        "webhook_previous_until": or_null(INSTANT),
        "webhook_given": listed(thing(given_at=INSTANT, until=or_null(INSTANT))),
        "warnings": TEXTS,
        "created_at": INSTANT,
        "updated_at": INSTANT,
        "created_by": TEXT,
        "revision": COUNT,
    }
    required = sorted({*flat, *more})
    shown = {
        "next_runs": {**listed(INSTANT), "description": "of one job, not in a list"},
        "webhook_secret": {**TEXT, "description": "in the answer that makes it, and never again"},
    }
    return {"type": "object", "properties": {**flat, **more, **shown}, "required": required}


STATUS = words(*(status.value for status in ExecutionStatus))
OUTCOME = words(*(outcome.value for outcome in Outcome))
REASON = words(*(reason.value for reason in SkipReason))
ROLE = words(*(role.value for role in Role))

PROBLEM = thing(
    "RFC 9457. `type` ends in a word that stays; `errors` has every field that is wrong.",
    optional=("errors",),
    type={**TEXT, "format": "uri", "enum": [TYPES + word for word in WORDS]},
    title=TEXT,
    status=NUMBER,
    detail=TEXT,
    instance=TEXT,
    errors=listed(thing(field=TEXT, problem=TEXT)),
)
FIRING_LISTED = thing(
    at=INSTANT,
    local=TEXT,
    effective_at=or_null(INSTANT),
    note=TEXT,
    removed=or_null(thing(reason=TEXT, detail=TEXT)),
)
AHEAD: dict[str, Schema] = {
    "timezone": TEXT,
    "schedule_words": or_null(TEXT),
    "paused": or_null(TEXT),
    "firings": listed(FIRING_LISTED),
}

SCHEMAS |= {
    "Problem": PROBLEM,
    "Pause": _shown(Pause),
    "Trigger": _shown(Firing, "payload", "body"),
    "Choice": _shown(Choice),
    "Usage": _shown(Usage),
    "Verdict": _shown(Verdict, reason=TEXT),
    "Job": _job(),
    "Agent": _shown(Agent, id=TEXT, warnings=TEXTS),
    "Team": _shown(Team, id=TEXT, warnings=TEXTS),
    "Policy": _shown(Policy, id=TEXT),
    "CalendarBrief": _shown(Calendar, "entries", id=TEXT, entry_count=COUNT),
    "Calendar": _shown(Calendar, id=TEXT, entry_count=COUNT),
    "Environment": _shown(
        Environment,
        "exclusions",
        "created_at",
        "updated_at",
        id=TEXT,
        exclude_dates=TEXTS,
        blackouts=TEXTS,
        calendars=TEXTS,
        created_at=or_null(INSTANT),
        updated_at=or_null(INSTANT),
        ready=or_null(YES),
        ready_reason=TEXT,
        secrets=TEXTS,
    ),
    "Secret": thing(
        name=TEXT,
        version=COUNT,
        created_at=INSTANT,
        updated_at=INSTANT,
        updated_by=TEXT,
        key_id=TEXT,
    ),
    "Token": _shown(Token, "sha256", id=TEXT, last_used_at=or_null(INSTANT), last_used_from=or_null(TEXT)),
    "Occurrence": _shown(OccurrenceRecord, "firing", trigger=ref("Trigger")),
    "Backfill": _shown(BackfillRecord, "after_at", "until_at", id=TEXT, to=INSTANT, **{"from": INSTANT}),
    "Approval": {
        "type": "object",
        "properties": {
            **_shown(Approval)["properties"],
            "id": TEXT,
            "execution_id": TEXT,
            "job_id": TEXT,
            "project": TEXT,
            "job_name": TEXT,
        },
        "required": ["id", "approval_id", "execution_id", "job_id", "state", "summary", "deadline_at"],
    },
    "Execution": thing(
        id=TEXT,
        execution_id=TEXT,
        job_id=TEXT,
        project=TEXT,
        job_name=TEXT,
        job_revision=COUNT,
        status=STATUS,
        created_at=INSTANT,
        started_at=or_null(INSTANT),
        completed_at=or_null(INSTANT),
        finished_at=or_null(INSTANT),
        trigger=or_null(ref("Trigger")),
        prompt=TEXT,
        agent_id=or_null(TEXT),
        team_id=or_null(TEXT),
        smart=YES,
        environment=TEXT,
        policy_hash=TEXT,
        not_before=or_null(INSTANT),
        choice=or_null(ref("Choice")),
        decisions=listed(_shown(DecisionRecord)),
        decisions_omitted=COUNT,
        approvals=listed(_shown(Approval, id=TEXT)),
        effects=listed(_shown(Effected)),
        effects_omitted=COUNT,
        usage=ref("Usage"),
        attempts=listed(_shown(Attempt)),
        steps=listed(_shown(StepRecord)),
        steps_omitted=COUNT,
        reason=TEXT,
        detail=TEXT,
        exit_code=or_null(NUMBER),
        cancel_requested_by=TEXT,
        result=TEXT,
        log_lines=COUNT,
        trust=or_null(words("internal", "external")),
        payload=ANYTHING,
        body=or_null(thing(size=COUNT, sha256=TEXT, content_type=TEXT)),
    ),
    "Log": thing(execution_id=TEXT, status=STATUS, lines=listed(_shown(RecordedLine)), next=or_null(COUNT)),
    "Delivery": thing(
        optional=("headers", "payload", "body_url"),
        id=TEXT,
        delivery_id=TEXT,
        job_id=TEXT,
        project=TEXT,
        key=TEXT,
        outcome=words(*(outcome.value for outcome in DeliveryOutcome)),
        detail=TEXT,
        execution_id=TEXT,
        group=TEXT,
        replay_of=TEXT,
        replayed_by=TEXT,
        received_at=INSTANT,
        address=TEXT,
        path=TEXT,
        content_type=TEXT,
        size=COUNT,
        producer=TEXT,
        producer_delivery_id=TEXT,
        event=TEXT,
        became=or_null(OUTCOME),
        reason=or_null(REASON),
        became_detail=TEXT,
        into=TEXT,
        replays=TEXTS,
        body_expires_at=or_null(INSTANT),
        headers={"type": "object", "additionalProperties": TEXT},
        payload=ANYTHING,
        body_url=or_null(TEXT),
    ),
    "Delivered": thing(
        "What a producer is told of its delivery; to Slack's question its challenge alone.",
        optional=("job_id", "delivery_id", "status", "execution_id", "detail", "challenge", "replay_of"),
        job_id=TEXT,
        delivery_id=TEXT,
        execution_id=TEXT,
        status=words("queued", "filtered", "pong"),
        detail=TEXT,
        challenge=TEXT,
        replay_of=TEXT,
    ),
    "WebhookSecrets": thing(
        optional=("webhook_secret",),
        job_id=TEXT,
        webhook_url=or_null(TEXT),
        webhook_previous_until=or_null(INSTANT),
        webhook_given=listed(thing(given_at=INSTANT, until=or_null(INSTANT))),
        webhook_secret=TEXT,
    ),
    "Started": thing(job_id=TEXT, execution_id=TEXT, status=words("queued"), message=TEXT),
    "Next": extended(thing(job_id=TEXT), AHEAD),
    "SchedulePreview": extended(thing(), AHEAD),
    "Rehearsal": extended(
        thing(
            job_id=TEXT,
            prompt=or_null(TEXT),
            prompt_problem=or_null(TEXT),
            agent_id=or_null(TEXT),
            team_id=or_null(TEXT),
            environment=TEXT,
            queue=TEXT,
            choice=or_null(ref("Choice")),
            policy=ref("Verdict"),
            warnings=TEXTS,
        ),
        AHEAD,
    ),
    "Explanation": thing(
        job_id=TEXT,
        at=or_null(INSTANT),
        sentence=TEXT,
        outcome=or_null(OUTCOME),
        occurrence=or_null(ref("Occurrence")),
        execution=or_null(ref("Execution")),
        next=or_null(thing(at=INSTANT, local=TEXT)),
    ),
    "CatchUpPlan": thing(
        job_id=TEXT,
        as_of=INSTANT,
        policy=TEXT,
        overdue=thing(fire=listed(thing(at=INSTANT, starts_at=INSTANT)), missed=COUNT, sentence=TEXT),
        recorded=thing(fire=listed(thing(at=INSTANT)), count=COUNT, sentence=TEXT),
    ),
    "BackfillOrdered": thing(
        optional=("backfill_id", "firings"),
        backfill_id=TEXT,
        job_id=TEXT,
        from_=INSTANT,
        to=INSTANT,
        total=COUNT,
        max_parallel=COUNT,
        firings=listed(thing(at=INSTANT, local=TEXT, removed=or_null(thing(reason=TEXT, detail=TEXT)))),
    ),
    "BackfillCancelling": thing(backfill_id=TEXT, job_id=TEXT, status=words("cancelling")),
    "ExecutionCancelling": thing(execution_id=TEXT, status=STATUS),
    "Simulation": {
        "type": "object",
        "required": ["took_seconds"],
        "properties": {"took_seconds": {"type": "number"}},
    },
    "Replay": thing(decisions=listed(FREE), total=COUNT, changed=COUNT),
    "PolicyTested": thing(verdict=ref("Verdict"), asked=TEXTS, input=_shown(PolicyInput)),
    "Worker": _shown(WorkerState),
    "Drained": thing(outcome=words("draining", "working"), running=COUNT),
    "Queue": thing(queue=TEXT, workers=TEXTS, slots=COUNT, running=COUNT, due=COUNT),
    "Project": thing(
        id=TEXT, jobs=COUNT, agents=COUNT, teams=COUNT, environments=COUNT, policies=COUNT, calendars=COUNT
    ),
    "Session": thing(
        actor=TEXT,
        name=TEXT,
        role=ROLE,
        projects=TEXTS,
        expires_at=or_null(INSTANT),
        csrf_token=or_null(TEXT),
    ),
    "AuditRecord": _shown(AuditRecord),
    "AuditVerdict": thing(
        holds=YES,
        checked=COUNT,
        last_number=COUNT,
        last_hash=TEXT,
        broken_at=or_null(COUNT),
        problem=TEXT,
        anchor=or_null(thing(number=COUNT, hash=TEXT)),
        next=or_null(thing(after_number=COUNT, after_hash=TEXT)),
    ),
    "Version": thing(version=TEXT),
    "BatchResults": thing(
        results=listed(
            thing(
                "Of one item, in their order. `status` is what it would have been answered by itself.",
                optional=("webhook_secret",),
                index=COUNT,
                op=or_null(words("create", "replace", "delete")),
                id=or_null(TEXT),
                status=NUMBER,
                problem=or_null(ref("Problem")),
                webhook_secret=TEXT,
            )
        )
    ),
}
