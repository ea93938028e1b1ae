"""Everything that goes wrong, as the one answer a caller sees: a problem document (RFC 9457)."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException

from lamplighter_contracts.problems import FieldError, InvalidInput, one_line
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable, MessageTooLarge

log = get_logger()

TYPES = "https://lamplighter.dev/problems/"
MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2

WORDS: Mapping[str, tuple[HTTPStatus, str]] = {
    "bad-request": (HTTPStatus.BAD_REQUEST, "The request cannot be understood"),
    "malformed-json": (HTTPStatus.BAD_REQUEST, "The body is not the JSON it has to be"),
    "unauthenticated": (HTTPStatus.UNAUTHORIZED, "Who are you?"),
    "forbidden": (HTTPStatus.FORBIDDEN, "Your token does not allow this"),
    "cross-site": (HTTPStatus.FORBIDDEN, "This did not come from a page of ours"),
    "not-found": (HTTPStatus.NOT_FOUND, "There is no such thing"),
    "method-not-allowed": (HTTPStatus.METHOD_NOT_ALLOWED, "This cannot be done here"),
    "too-slow": (HTTPStatus.REQUEST_TIMEOUT, "The request took too long to arrive"),
    "conflict": (HTTPStatus.CONFLICT, "Something stands in the way"),
    "webhook-path-taken": (HTTPStatus.CONFLICT, "Another job has this webhook path"),
    "stale": (HTTPStatus.PRECONDITION_FAILED, "It has changed since you read it"),
    "idempotency-key-reused": (HTTPStatus.UNPROCESSABLE_ENTITY, "The key was used for another request"),
    "body-gone": (HTTPStatus.GONE, "It is no longer kept"),
    "body-too-large": (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large"),
    "invalid-input": (HTTPStatus.UNPROCESSABLE_ENTITY, "Some fields are wrong"),
    "too-many-requests": (HTTPStatus.TOO_MANY_REQUESTS, "Slower, please"),
    "internal": (HTTPStatus.INTERNAL_SERVER_ERROR, "Something broke here"),
    "unavailable": (HTTPStatus.SERVICE_UNAVAILABLE, "This cannot be answered now"),
}

PERHAPS_OLD = frozenset({"not-found", "stale", "conflict", "webhook-path-taken"})
"""Refusals that a newer revision may take back."""


class Problem(Exception):
    """A refusal with its word of `WORDS`, a sentence for people, and the fields it is about."""

    def __init__(
        self,
        word: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.word, self.detail, self.errors, self.headers = word, detail, tuple(errors), dict(headers or {})


def not_found(kind: str, name: str) -> Problem:
    return Problem("not-found", f"There is no {kind} {name!r}.")


def invalid(errors: Sequence[FieldError]) -> Problem:
    return Problem("invalid-input", one_line(errors), errors=errors)


def unavailable(detail: str, retry_after_seconds: int = RETRY_AFTER_SECONDS) -> Problem:
    return Problem("unavailable", detail, headers={"Retry-After": str(retry_after_seconds)})


def problem_of(error: Exception) -> Problem:
    """What an exception means to the caller. One that is nobody's refusal is a fault of ours."""
    match error:
        case Problem():
            return error
        case InvalidInput():
            return invalid(error.errors)
        case BusUnavailable():
            return unavailable("The message bus does not answer; nothing is known to have changed.")
        case MessageTooLarge():
            return Problem("body-too-large", f"It does not fit into one message of the bus: {error}.")
        case NotFoundException():
            return Problem("not-found", "There is no such route; /docs/openapi.json lists those there are.")
        case MethodNotAllowedException():
            return Problem("method-not-allowed", "This route has other methods.", headers=error.headers)
        case HTTPException(status_code=status) if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return Problem("bad-request", error.detail)
        case _:
            return Problem("internal", "The gateway failed; its log says why.")


def answer_problem(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The exception handler of the whole application."""
    problem = problem_of(error)
    if problem.word == "internal":
        log.error("request.broke", method=request.method, path=request.scope["path"], exc_info=error)
    document = document_of(problem, request.scope["path"])
    body = json.dumps(document).encode()
    return Response(body, status_code=document["status"], media_type=MEDIA_TYPE, headers=problem.headers)


def document_of(problem: Problem, path: str) -> dict[str, Any]:
    """As RFC 9457 has it."""
    status, title = WORDS[problem.word]
    document: dict[str, Any] = {
        "type": TYPES + problem.word,
        "title": title,
        "status": status.value,
        "detail": problem.detail,
        "instance": path,
    }
    if problem.errors:
        document["errors"] = [{"field": e.field, "problem": e.problem} for e in problem.errors]
    return document
