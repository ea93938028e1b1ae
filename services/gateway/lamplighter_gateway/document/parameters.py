"""Parameters that several operations have: of paths, of queries, in headers."""

from lamplighter_contracts.fields import ENV_NAME, SLUG
from lamplighter_gateway.document.shapes import COUNT, INSTANT, TEXT, YES, Query, Schema, words
from lamplighter_gateway.web.bodies import MOST_KEY
from lamplighter_gateway.web.lists import MOST, MOST_OFFSET, PAGE, Sorts

PATH: dict[str, Schema] = {
    "job_id": {**TEXT, "pattern": SLUG, "examples": ["daily-report-7f3a21"]},
    "agent_id": {**TEXT, "pattern": SLUG, "examples": ["clerk"]},
    "team_id": {**TEXT, "pattern": SLUG, "examples": ["night-shift"]},
    "environment_id": {**TEXT, "pattern": SLUG, "examples": ["default"]},
    "calendar_id": {**TEXT, "pattern": SLUG, "examples": ["holidays"]},
    "policy_id": {**TEXT, "pattern": SLUG, "examples": ["no-shell"]},
    "token_id": {**TEXT, "pattern": SLUG, "examples": ["0f1e2d3c4b5a"]},
    "name": {**TEXT, "pattern": ENV_NAME, "maxLength": 128, "examples": ["MAIL_TOKEN"]},
    "execution_id": {
        **TEXT,
        "format": "uuid",
        "examples": ["019a0c5e-7c00-7b3a-9d41-5f2b8c1e6a77"],
    },
    "delivery_id": {**TEXT, "minLength": 1, "examples": ["019a0c5e-7c00-7b3a-9d41-5f2b8c1e6a77"]},
    "approval_id": {**TEXT, "minLength": 1, "examples": ["019a0c5e-7c00-7b3a-9d41-5f2b8c1e6a77-1"]},
    "backfill_id": {**TEXT, "pattern": SLUG, "examples": ["bf-0123456789abcdef"]},
    "worker": {**TEXT, "minLength": 1, "examples": ["host-1-4711"]},
    "number": {**TEXT, "pattern": "^[0-9]{1,16}$", "examples": ["1207"]},
    "path": {**TEXT, "minLength": 1, "examples": ["deploy-trigger"]},
    "release": {**TEXT, "minLength": 1},
}

HEADERS: dict[str, Schema] = {
    "If-Match": {
        "description": "the ETag of what you have read: it is changed only where it is that still",
        "schema": {**TEXT, "pattern": r'^(\*|"[0-9]{1,18}(-[0-9a-f]+)?")$', "examples": ['"42"']},
    },
    "If-None-Match": {
        "description": "`*`: make a new one, and replace none that is there",
        "schema": {**TEXT, "const": "*"},
    },
    "Idempotency-Key": {
        "description": "a key of yours for this request: its repeats within 72 hours do nothing more, and are"
        " answered alike, with `Idempotency-Replayed: true`",
        "schema": {**TEXT, "minLength": 1, "maxLength": MOST_KEY, "examples": ["7c1f0d4e"]},
    },
    "Last-Event-ID": {
        "description": "the id of the last event that you have heard: the stream goes on after it",
        "schema": TEXT,
    },
}

CURSOR = Query("cursor", TEXT, "the `Next-Cursor` of the page before")
FROM = Query("from", INSTANT, "those at or after it")
UNTIL = Query("until", INSTANT, "those before it")
JOB = Query("job_id", TEXT)
PROJECT = Query("project", TEXT, "those of one project")
NAME = Query("name", TEXT, "those whose name has this in it, in capitals or not")
ACTIVE = Query("active", YES)


def limit(page: int = PAGE, most: int = MOST) -> Query:
    told = {"type": "integer", "minimum": 1, "maximum": most, "default": page}
    return Query("limit", told, "of one page; of a stream of lines all that are sent")


def number(name: str, least: int, most: int, default: int | None, description: str) -> Query:
    told: Schema = {"type": "integer", "minimum": least, "maximum": most}
    return Query(name, told if default is None else {**told, "default": default}, description)


def sort(known: Sorts) -> Query:
    told = {**words(*known.words), "default": known.default}
    return Query("sort", told, "the order; a minus is the other way round")


def several(name: str, known: list[str], description: str = "") -> Query:
    """Words with commas between them."""
    one = "|".join(known)
    return Query(
        name,
        {**TEXT, "pattern": f"^({one})(,({one}))*$", "examples": [known[0]]},
        description or f"one or several of {', '.join(known)}, with commas between",
    )


OFFSET = Query("offset", {**COUNT, "maximum": MOST_OFFSET, "default": 0}, "skipped first; a cursor is better")
