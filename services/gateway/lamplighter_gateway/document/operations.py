"""Every route: what it is asked, and what it answers where it succeeds. Problems that go without saying are added."""

from lamplighter_contracts.deliveries import DeliveryOutcome
from lamplighter_contracts.events import Outcome
from lamplighter_contracts.executions import ApprovalState, ExecutionStatus
from lamplighter_contracts.timing import MOST_CAUGHT_UP
from lamplighter_contracts.tokens import Role
from lamplighter_gateway.access.lists import SORTS as TOKEN_SORTS
from lamplighter_gateway.document.parameters import (
    ACTIVE,
    CURSOR,
    FROM,
    JOB,
    NAME,
    OFFSET,
    PROJECT,
    UNTIL,
    limit,
    number,
    several,
    sort,
)
from lamplighter_gateway.document.shapes import (
    COUNT,
    FREE,
    INSTANT,
    SSE,
    TEXT,
    YES,
    Operation,
    Query,
    Said,
    Schema,
    listed,
    ref,
    thing,
    words,
)
from lamplighter_gateway.jobs.lists import SORTS as JOB_SORTS
from lamplighter_gateway.jobs.lists import TRIGGERS
from lamplighter_gateway.live.told import NAMES, Kind
from lamplighter_gateway.live.wanted import STATUSES
from lamplighter_gateway.named.lists import SOURCES, sorts_of
from lamplighter_gateway.routes.executions import MOST as MOST_HISTORY
from lamplighter_gateway.routes.executions import PAGE as HISTORY_PAGE
from lamplighter_gateway.routes.firings import MOST as MOST_SHOWN
from lamplighter_gateway.routes.firings import SHOWN
from lamplighter_gateway.routes.secrets import SORTS as SECRET_SORTS
from lamplighter_gateway.timing.catchups import LONGEST_SECONDS

READS = ("ETag",)
MAKES = ("Location", "ETag")
STATES = [state.value for state in ApprovalState]
PAGED = (limit(HISTORY_PAGE, MOST_HISTORY), CURSOR)
HISTORY_HEADER = "Lamplighter-History"


def ok(name: str, described: str, *headers: str) -> tuple[Said, ...]:
    return (Said(200, described, ref(name), headers=headers),)


def made(name: str, described: str) -> Said:
    return Said(201, described, ref(name), headers=MAKES)


def accepted(schema: Schema, described: str, *headers: str) -> Said:
    return Said(202, described, schema, headers=headers)


def page(tag: str, name: str, described: str, *query: Query, problems: tuple[str, ...] = ()) -> Operation:
    """Of a list that comes in pages."""
    says = (Said(200, described, listed(ref(name)), headers=("Next-Cursor", "Link")),)
    return Operation(tag, says, query, problems=problems, is_list=True, is_paged=True)


def all_of(tag: str, name: str, described: str) -> Operation:
    """Of a list that is never long."""
    return Operation(tag, (Said(200, described, listed(ref(name))),), is_list=True)


GONE = Said(204, "it is gone")
CHANGE = ("If-Match",)
PUT = ("If-Match", "If-None-Match")
ONCE = ("Idempotency-Key",)
ENDED = ("stale", "conflict")


def noun(
    tag: str, word: str, plural: str, name: str, listed_as: str, *filters: Query
) -> dict[str, Operation]:
    """The six operations of a thing that people name."""
    path, id_field = f"/api/v1/{plural}", f"{word}_id"
    one = f"{path}/{{{id_field}}}"
    query = (*filters, NAME, PROJECT, sort(sorts_of(id_field)), limit(), CURSOR)
    return {
        f"GET {path}": page(tag, listed_as, f"the {plural}", *query),
        f"POST {path}": Operation(tag, (made(name, f"the {word}"),), headers=ONCE, problems=("conflict",)),
        f"GET {one}": Operation(tag, ok(name, f"the {word}", *READS)),
        f"PUT {one}": Operation(
            tag,
            (*ok(name, f"the {word}, replaced", *READS), made(name, f"the {word}, made")),
            headers=PUT,
            problems=ENDED,
        ),
        f"PATCH {one}": Operation(
            tag, ok(name, f"the {word}, changed", *READS), headers=CHANGE, problems=ENDED
        ),
        f"DELETE {one}": Operation(tag, (GONE,), headers=CHANGE, problems=ENDED),
    }


EXECUTION_FILTERS = (
    several("status", [status.value for status in ExecutionStatus]),
    Query("agent_id", TEXT, "done by this agent, also where it was chosen"),
    Query("team_id", TEXT),
    Query("backfill_id", TEXT),
)
OCCURRENCE_FILTERS = (several("outcome", [outcome.value for outcome in Outcome]), FROM, UNTIL)
DELIVERY_FILTERS = (
    several("outcome", [outcome.value for outcome in DeliveryOutcome]),
    Query("producer", TEXT),
    Query("event", TEXT),
    Query("execution_id", TEXT, "those that led to it"),
    FROM,
    UNTIL,
)
EVENT_FILTERS = (
    Query("agent_id", TEXT),
    several("kind", [kind.value for kind in Kind]),
    several("type", list(NAMES)),
    PROJECT,
    several("status", list(STATUSES)),
    Query("since", INSTANT, "from then on, where no Last-Event-ID is given"),
)
STREAM = Said(200, "events, until it ends", TEXT, SSE)
LIVE = ("Last-Event-ID",)

JOBS: dict[str, Operation] = {
    "GET /api/v1/jobs": page(
        "Jobs",
        "Job",
        "the jobs",
        Query("enabled", YES, "those that run by their triggers now, or do not"),
        Query("agent_id", TEXT),
        Query("team_id", TEXT),
        Query("environment", TEXT),
        Query("trigger", words(*TRIGGERS)),
        NAME,
        PROJECT,
        sort(JOB_SORTS),
        limit(),
        CURSOR,
        OFFSET,
    ),
    "POST /api/v1/jobs": Operation(
        "Jobs",
        (made("Job", "the job"),),
        headers=ONCE,
        problems=("conflict", "webhook-path-taken"),
    ),
    "POST /api/v1/jobs:batch": Operation(
        "Jobs",
        (Said(200, "what became of each", ref("BatchResults"), headers=("Idempotency-Replayed",)),),
        headers=ONCE,
        problems=("conflict",),
    ),
    "GET /api/v1/jobs/{job_id}": Operation("Jobs", ok("Job", "the job", *READS, HISTORY_HEADER)),
    "PUT /api/v1/jobs/{job_id}": Operation(
        "Jobs",
        (*ok("Job", "the job, replaced", *READS), made("Job", "the job, made")),
        headers=PUT,
        problems=(*ENDED, "webhook-path-taken"),
    ),
    "PATCH /api/v1/jobs/{job_id}": Operation(
        "Jobs",
        ok("Job", "the job, changed", *READS),
        headers=CHANGE,
        problems=(*ENDED, "webhook-path-taken"),
    ),
    "DELETE /api/v1/jobs/{job_id}": Operation(
        "Jobs",
        (GONE,),
        (Query("purge", YES, "leave nothing of it but its history"),),
        headers=CHANGE,
        problems=ENDED,
    ),
    "POST /api/v1/jobs/{job_id}/restore": Operation(
        "Jobs",
        ok("Job", "the job", *READS),
        headers=CHANGE,
        problems=(*ENDED, "webhook-path-taken", "invalid-input"),
    ),
    **{
        f"POST /api/v1/jobs/{{job_id}}/{verb}": Operation(
            "Jobs", ok("Job", f"the job, {told}", *READS), headers=CHANGE, problems=ENDED, needs_body=False
        )
        for verb, told in (
            ("enable", "running"),
            ("resume", "running"),
            ("disable", "paused"),
            ("pause", "paused"),
        )
    },
    "POST /api/v1/jobs/{job_id}/trigger": Operation(
        "Jobs",
        (accepted(ref("Started"), "the start is stored", "Idempotency-Replayed"),),
        headers=ONCE,
        needs_body=False,
    ),
    "POST /api/v1/jobs/{job_id}/preview": Operation(
        "Jobs", ok("Rehearsal", "what a start would come to"), problems=("conflict",), needs_body=False
    ),
}

TIME: dict[str, Operation] = {
    "GET /api/v1/jobs/{job_id}/next": Operation(
        "Time",
        ok("Next", "the next firings"),
        (number("n", 1, MOST_SHOWN, SHOWN, "how many"),),
        problems=("conflict",),
    ),
    "GET /api/v1/jobs/{job_id}/why": Operation(
        "Time",
        ok("Explanation", "why"),
        (Query("at", INSTANT, "which time it is about; none: the last"),),
        problems=("conflict",),
    ),
    "POST /api/v1/schedules/preview": Operation("Time", ok("SchedulePreview", "the next firings")),
    "GET /api/v1/occurrences": page(
        "Time", "Occurrence", "what became of each", JOB, *OCCURRENCE_FILTERS, *PAGED
    ),
    "GET /api/v1/jobs/{job_id}/occurrences": page(
        "Time", "Occurrence", "what became of each", *OCCURRENCE_FILTERS, *PAGED
    ),
    "GET /api/v1/jobs/{job_id}/catchup": Operation(
        "Time",
        ok("CatchUpPlan", "what is overdue, and what is recorded as missed"),
        (
            number("limit", 1, MOST_CAUGHT_UP, None, "at most so many; none: as the job says"),
            number("within_seconds", 1, LONGEST_SECONDS, None, "those of so long; none: as the job says"),
        ),
        problems=("conflict",),
    ),
    "POST /api/v1/jobs/{job_id}/catchup": Operation(
        "Time",
        (accepted(ref("BackfillOrdered"), "the backfill that runs them", "Idempotency-Replayed"),),
        headers=ONCE,
        problems=("conflict",),
        needs_body=False,
    ),
    "POST /api/v1/jobs/{job_id}/backfill": Operation(
        "Time",
        (
            accepted(ref("BackfillOrdered"), "the backfill", "Idempotency-Replayed"),
            Said(200, "what it would be, of a dry run", ref("BackfillOrdered")),
        ),
        headers=ONCE,
        problems=("conflict",),
    ),
    "GET /api/v1/backfills": Operation(
        "Time",
        (Said(200, "the backfills", listed(ref("Backfill"))),),
        (JOB, limit(HISTORY_PAGE, MOST_HISTORY)),
    ),
    "GET /api/v1/backfills/{backfill_id}": Operation("Time", ok("Backfill", "the backfill")),
    "POST /api/v1/backfills/{backfill_id}/cancel": Operation(
        "Time", (accepted(ref("BackfillCancelling"), "it ends"),), problems=("conflict",)
    ),
    "POST /api/v1/simulations": Operation(
        "Time", ok("Simulation", "what they would bring"), problems=("not-found",)
    ),
}

WEBHOOKS: dict[str, Operation] = {
    "POST /api/v1/jobs/webhook/{path}": Operation(
        "Webhooks",
        (
            accepted(ref("Delivered"), "it starts an execution", "Lamplighter-Duplicate"),
            Said(
                200,
                "it starts nothing: filtered, a ping, a challenge",
                ref("Delivered"),
                headers=("Lamplighter-Duplicate",),
            ),
        ),
        problems=("bad-request", "malformed-json", "too-slow", "body-too-large", "invalid-input", "conflict"),
        needs_body=False,
    ),
    "POST /api/v1/jobs/{job_id}/webhook/rotate": Operation(
        "Webhooks",
        ok("WebhookSecrets", "the new secret, shown once", *READS),
        headers=CHANGE,
        problems=ENDED,
        needs_body=False,
    ),
    "PUT /api/v1/jobs/{job_id}/webhook/secret": Operation(
        "Webhooks", ok("WebhookSecrets", "it is sealed"), problems=ENDED
    ),
    "DELETE /api/v1/jobs/{job_id}/webhook/secret": Operation("Webhooks", (GONE,), problems=ENDED),
    "GET /api/v1/deliveries": page("Webhooks", "Delivery", "the deliveries", JOB, *DELIVERY_FILTERS, *PAGED),
    "GET /api/v1/jobs/{job_id}/deliveries": page(
        "Webhooks", "Delivery", "the deliveries", *DELIVERY_FILTERS, *PAGED
    ),
    "GET /api/v1/deliveries/{delivery_id}": Operation("Webhooks", ok("Delivery", "the delivery")),
    "GET /api/v1/deliveries/{delivery_id}/body": Operation(
        "Webhooks",
        (
            Said(
                200,
                "the body, byte for byte",
                {"type": "string", "format": "binary"},
                "application/octet-stream",
                headers=("Content-Disposition",),
            ),
        ),
        problems=("body-gone",),
    ),
    "POST /api/v1/deliveries/{delivery_id}/replay": Operation(
        "Webhooks",
        (
            accepted(ref("Delivered"), "it starts an execution", "Idempotency-Replayed"),
            Said(200, "a filter leaves it out", ref("Delivered"), headers=("Idempotency-Replayed",)),
        ),
        headers=ONCE,
        problems=("body-gone", "conflict"),
        needs_body=False,
    ),
}

EXECUTIONS: dict[str, Operation] = {
    "GET /api/v1/executions": page(
        "Executions", "Execution", "the executions", JOB, *EXECUTION_FILTERS, *PAGED, OFFSET
    ),
    "GET /api/v1/jobs/{job_id}/executions": page(
        "Executions", "Execution", "the executions", *EXECUTION_FILTERS, *PAGED, OFFSET
    ),
    "GET /api/v1/executions/{execution_id}": Operation("Executions", ok("Execution", "the execution")),
    "GET /api/v1/executions/{execution_id}/logs": Operation(
        "Executions",
        ok("Log", "lines of its log"),
        (
            number("from_line", 1, 1 << 53, 1, "the first line"),
            number("attempt", 1, 1 << 31, None, "of one attempt"),
            number("after", 0, 1 << 53, 0, "`next` of the answer before"),
        ),
    ),
    "GET /api/v1/executions/{execution_id}/stream": Operation("Executions", (STREAM,), headers=LIVE),
    "POST /api/v1/executions/{execution_id}/cancel": Operation(
        "Executions",
        (accepted(ref("ExecutionCancelling"), "it ends, or has ended"),),
        problems=("conflict",),
    ),
    "GET /api/v1/approvals": Operation(
        "Approvals",
        (Said(200, "the approvals", listed(ref("Approval"))),),
        (
            several("state", STATES),
            JOB,
            Query("execution_id", TEXT),
            limit(HISTORY_PAGE, MOST_HISTORY),
        ),
    ),
    "GET /api/v1/approvals/{approval_id}": Operation("Approvals", ok("Approval", "the approval")),
    **{
        f"POST /api/v1/approvals/{{approval_id}}/{verb}": Operation(
            "Approvals", ok("Approval", "the approval, answered"), problems=("conflict",), needs_body=False
        )
        for verb in ("approve", "deny")
    },
    "GET /api/v1/events": Operation("Events", (STREAM,), (JOB, *EVENT_FILTERS), headers=LIVE),
    "GET /api/v1/jobs/{job_id}/events": Operation("Events", (STREAM,), EVENT_FILTERS, headers=LIVE),
}

NAMED: dict[str, Operation] = {
    **noun(
        "Agents",
        "agent",
        "agents",
        "Agent",
        "Agent",
        ACTIVE,
        Query("environment", TEXT),
        Query("runner", TEXT, "those of that kind"),
        Query("capability", TEXT),
    ),
    **noun(
        "Teams",
        "team",
        "teams",
        "Team",
        "Team",
        ACTIVE,
        Query("environment", TEXT),
        Query("agent_id", TEXT, "those that it is in"),
    ),
    **noun("Environments", "environment", "environments", "Environment", "Environment", Query("queue", TEXT)),
    **noun(
        "Calendars", "calendar", "calendars", "Calendar", "CalendarBrief", Query("source", words(*SOURCES))
    ),
    **noun("Policies", "policy", "policies", "Policy", "Policy", ACTIVE, Query("dry_run", YES)),
    "GET /api/v1/policies/schema": Operation(
        "Policies", (Said(200, "the JSON Schema of what policies judge", FREE),)
    ),
    "POST /api/v1/policies/test": Operation(
        "Policies", ok("PolicyTested", "what they say"), problems=("not-found",)
    ),
    "GET /api/v1/environments/{environment_id}/secrets": page(
        "Secrets", "Secret", "their names", sort(SECRET_SORTS), limit(), CURSOR
    ),
    "GET /api/v1/environments/{environment_id}/secrets/{name}": Operation(
        "Secrets", ok("Secret", "all but its value", *READS), problems=("invalid-input",)
    ),
    "PUT /api/v1/environments/{environment_id}/secrets/{name}": Operation(
        "Secrets", ok("Secret", "it is sealed", *READS), headers=CHANGE, problems=ENDED
    ),
    "DELETE /api/v1/environments/{environment_id}/secrets/{name}": Operation(
        "Secrets", (GONE,), headers=CHANGE, problems=ENDED
    ),
    "POST /api/v1/secrets/rotate": Operation(
        "Secrets",
        (Said(200, "how many were sealed anew", thing(resealed=COUNT, key_id=TEXT)),),
        problems=("conflict",),
    ),
    "GET /api/v1/projects": all_of("Projects", "Project", "the projects that you reach"),
    "POST /api/v1/smart/explain": Operation("Smart", ok("Choice", "whom, and why")),
    "GET /api/v1/smart/replay": Operation(
        "Smart",
        ok("Replay", "past decisions beside those of today"),
        (
            Query("since", INSTANT, "from then on; none: of the last seven days"),
            JOB,
            number("limit", 1, 1_000, 50, "how many"),
        ),
    ),
    "GET /api/v1/workers": all_of("Workers", "Worker", "the workers"),
    "POST /api/v1/workers/{worker}/drain": Operation(
        "Workers", ok("Drained", "it takes nothing more"), problems=("conflict",)
    ),
    "POST /api/v1/workers/{worker}/undrain": Operation(
        "Workers", ok("Drained", "it takes work"), problems=("conflict",)
    ),
    "GET /api/v1/queues": all_of("Workers", "Queue", "the queues"),
}

WHO: dict[str, Operation] = {
    "GET /api/v1/tokens": page(
        "Tokens",
        "Token",
        "the tokens",
        several("role", [role.value for role in Role]),
        Query("project", TEXT, "those that reach it"),
        NAME,
        sort(TOKEN_SORTS),
        limit(),
        CURSOR,
    ),
    "POST /api/v1/tokens": Operation(
        "Tokens",
        (
            Said(
                201,
                "the token, shown once",
                {"allOf": [ref("Token"), thing(token=TEXT)]},
                headers=MAKES,
            ),
        ),
        headers=ONCE,
        problems=("conflict",),
    ),
    "GET /api/v1/tokens/{token_id}": Operation("Tokens", ok("Token", "the token", *READS)),
    "PATCH /api/v1/tokens/{token_id}": Operation(
        "Tokens", ok("Token", "the token, narrowed", *READS), headers=CHANGE, problems=ENDED
    ),
    "DELETE /api/v1/tokens/{token_id}": Operation("Tokens", (GONE,), headers=CHANGE, problems=ENDED),
    "POST /api/v1/session": Operation(
        "Sessions",
        (Said(201, "logged in", ref("Session"), headers=("Location", "Set-Cookie")),),
        problems=("unauthenticated", "forbidden", "cross-site"),
    ),
    "GET /api/v1/session": Operation("Sessions", ok("Session", "who you are")),
    "DELETE /api/v1/session": Operation(
        "Sessions", (Said(204, "logged out", headers=("Set-Cookie",)),), problems=("not-found",)
    ),
    "GET /api/v1/audit": page(
        "Audit",
        "AuditRecord",
        "the records",
        Query("actor", TEXT),
        Query("action", TEXT),
        Query("kind", TEXT),
        Query("object_id", TEXT),
        several("outcome", ["done", "denied"]),
        FROM,
        UNTIL,
        Query("sort", {**words("number", "-number"), "default": "-number"}, "`number`: oldest first"),
        *PAGED,
    ),
    "GET /api/v1/audit/{number}": Operation("Audit", ok("AuditRecord", "the record")),
    "POST /api/v1/audit/verify": Operation("Audit", ok("AuditVerdict", "whether it holds"), needs_body=False),
    "GET /api/v1/version": Operation("Health", ok("Version", "the version")),
    "GET /healthz": Operation("Health", (Said(200, "it lives", thing(status=TEXT)),)),
    "GET /readyz": Operation(
        "Health",
        (Said(200, "it can work", FREE), Said(503, "it cannot, and why", FREE)),
    ),
    "GET /metrics": Operation("Health", (Said(200, "as Prometheus reads it", TEXT, "text/plain"),)),
}

OPERATIONS: dict[str, Operation] = {**JOBS, **TIME, **WEBHOOKS, **EXECUTIONS, **NAMED, **WHO}
