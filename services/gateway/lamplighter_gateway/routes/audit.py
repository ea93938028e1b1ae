"""The audit: what was done and denied, and whether the record of it is whole."""

import time
from enum import StrEnum
from typing import Annotated, Any

from litestar import Request, get, post
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lamplighter_contracts.problems import from_validation
from lamplighter_contracts.queries import AuditRecord, AuditVerdict, ListAudit, VerifyAudit
from lamplighter_gateway.access.authentication import caller_of
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.web.bodies import read_object
from lamplighter_gateway.web.pages import Page, answer_list
from lamplighter_gateway.web.parameters import Parameters
from lamplighter_gateway.web.problems import Problem, invalid, not_found
from lamplighter_gateway.web.responses import Answer, answer

Web = Request[Any, Any, Any]

PAGE, MOST = 50, 500
SECONDS = 8.0
"""How long one request may verify; a client goes on where the answer says."""
MOST_NUMBER = 1 << 53


class Outcome(StrEnum):
    DONE = "done"
    DENIED = "denied"


class VerifyBody(BaseModel):
    """Where to go on: `next` of the answer before."""

    model_config = ConfigDict(extra="forbid")

    after_number: Annotated[int, Field(ge=0, lt=MOST_NUMBER)] = 0
    after_hash: Annotated[str, Field(max_length=64, pattern=r"^([0-9a-f]{64})?$")] = ""


@get("/api/v1/audit")
async def list_audit(request: Web) -> Answer:
    """Newest first: `?actor=&action=&kind=&object_id=&outcome=&from=&until=&sort=&limit=&cursor=`, or oldest first with
    `sort=number`. As lines (`Accept: application/x-ndjson`) it is what `lamp audit verify --file` takes."""
    history, query = gateway_of(request).history, Parameters(request.query_params)
    outcomes = query.choices("outcome", Outcome)
    from_at, until_at = query.span()
    asked = ListAudit(
        actor=query.text("actor"),
        action=query.text("action"),
        kind=query.text("kind"),
        object_id=query.text("object_id"),
        outcome=outcomes[0].value if len(outcomes) == 1 else None,
        from_at=from_at,
        until_at=until_at,
        oldest_first=query.word("sort", ("number", "-number")) == "number",
    )
    bound = query.number("limit", 0, 1, MOST) or None
    query.check()

    async def turn(cursor: str | None, limit: int) -> Page:
        page = await history.audit(asked.model_copy(update={"cursor": cursor, "limit": limit}))
        return Page([_told(record) for record in page.records], page.next_cursor)

    return await answer_list(request, turn, cursor=query.text("cursor"), limit=bound or PAGE, bound=bound)


@get("/api/v1/audit/{number:str}")
async def get_audit(request: Web, number: str) -> Answer:
    """One record, with what the object was before."""
    known = number.isascii() and number.isdigit() and len(number) < 17
    record = await gateway_of(request).history.audit_record(int(number)) if known else None
    if record is None:
        raise not_found("audit record", number)
    return answer(_told(record))


@post("/api/v1/audit/verify", status_code=200)
async def verify_audit(request: Web) -> Answer:
    """Check that no record was changed, removed or added. A long chain takes several requests: each begins with `next`
    of the answer before, which is null where all has been checked, or something does not hold."""
    gateway = gateway_of(request)
    begin = _read(await read_object(request, gateway.settings.body_limit_bytes))
    if caller_of(request).scope is not None:
        raise Problem(
            "forbidden", "The audit is of every project together, and your token does not reach them all."
        )
    verdict, checked = await _verify(gateway, begin)
    return answer(_verdict(verdict, checked))


async def _verify(gateway: Gateway, begin: VerifyBody) -> tuple[AuditVerdict, int]:
    """Stretch by stretch, as far as time allows; and how many records that were."""
    after, checked, deadline = begin, 0, time.monotonic() + SECONDS
    while True:
        query = VerifyAudit(after_number=after.after_number, after_hash=after.after_hash)
        verdict = await gateway.history.verify_audit(query)
        checked += verdict.checked
        if not verdict.more or time.monotonic() > deadline:
            return verdict, checked
        after = VerifyBody(after_number=verdict.last_number, after_hash=verdict.last_hash)


def _verdict(verdict: AuditVerdict, checked: int) -> dict[str, Any]:
    following = {"after_number": verdict.last_number, "after_hash": verdict.last_hash}
    anchored = {"number": verdict.anchor_number, "hash": verdict.anchor_hash}
    return {
        "holds": verdict.broken_at is None,
        "checked": checked,
        "last_number": verdict.last_number,
        "last_hash": verdict.last_hash,
        "broken_at": verdict.broken_at,
        "problem": verdict.problem,
        "anchor": anchored if verdict.anchor_number is not None else None,
        "next": following if verdict.more else None,
    }


def _told(record: AuditRecord) -> dict[str, Any]:
    return record.model_dump(mode="json")


def _read(given: dict[str, Any]) -> VerifyBody:
    try:
        return VerifyBody.model_validate(given)
    except ValidationError as wrong:
        raise invalid(from_validation(wrong)) from wrong


HANDLERS = [list_audit, get_audit, verify_audit]
