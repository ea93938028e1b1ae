"""The document itself (OpenAPI 3.1): made once, of the routes that there are and what is told of them."""

import inspect
import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from importlib.metadata import version

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from lamplighter_contracts.tokens import Role
from lamplighter_gateway.access.sessions import PLAIN_NAME, SECURE_NAME
from lamplighter_gateway.access.table import ACCESS, OWN, PUBLIC
from lamplighter_gateway.document.bodies import BODIES
from lamplighter_gateway.document.examples import answer_example, body_example
from lamplighter_gateway.document.operations import OPERATIONS
from lamplighter_gateway.document.parameters import HEADERS, PATH
from lamplighter_gateway.document.schemas import SCHEMAS
from lamplighter_gateway.document.shapes import JSON, NDJSON, TEXT, Operation, Said, Schema, ref
from lamplighter_gateway.web.problems import MEDIA_TYPE, TYPES, WORDS

UNTOLD = ("/docs",)
"""What shows the document is not part of it."""

ANSWER_HEADERS: dict[str, str] = {
    "ETag": "the revision, and behind a hyphen how the answer looks; for If-Match and If-None-Match",
    "Location": "the path of what was made",
    "Next-Cursor": "where the next page begins; none on the last one",
    "Link": '`<?...>; rel="next"`: the next page, relative to this one (RFC 8288)',
    "Idempotency-Replayed": "`true`: it was carried out before, under the same key",
    "Lamplighter-Duplicate": "`true`: the same delivery id was there before",
    "Lamplighter-History": "`unavailable`: last runs are not known at present",
    "Content-Disposition": "the name of the file",
    "Set-Cookie": "the session",
    "Retry-After": "seconds after which to try again",
    "WWW-Authenticate": "how to say who you are (RFC 6750)",
}

_TAKES_BODY = frozenset({"POST", "PUT", "PATCH"})


def document(app: Litestar, prefix: str) -> Schema:
    """`prefix` is the path under which callers reach the gateway. Raises `LookupError` for a route of which nothing is
    told."""
    paths: dict[str, Schema] = {}
    seen = set[str]()
    for route, handler in sorted(_routes(app)):
        method, _, path = route.partition(" ")
        paths.setdefault(path, {})[method.lower()] = _operation(route, handler, seen)
    if untold := sorted(seen ^ OPERATIONS.keys()):
        raise LookupError(f"routes and what is told of them differ: {untold}")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lamplighter",
            "version": version("lamplighter-gateway"),
            "description": "Sends AI agents on background jobs: on a schedule, on a webhook, or by hand.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": prefix or "/"}],
        "tags": [{"name": name} for name in dict.fromkeys(one.tag for one in OPERATIONS.values())],
        "paths": paths,
        "components": {
            "schemas": {**SCHEMAS, **_of_bodies()},
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "a token, `lamp_...`, or a JWT",
                },
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": PLAIN_NAME,
                    "description": f"a browser's session, over https `{SECURE_NAME}`; what changes something sends"
                    " X-CSRF-Token with it",
                },
            },
        },
    }


def _routes(app: Litestar) -> Iterator[tuple[str, HTTPRouteHandler]]:
    for route in app.routes:
        for method, (handler, _) in getattr(route, "route_handler_map", {}).items():
            if method != "OPTIONS" and not route.path_format.startswith(UNTOLD):
                yield f"{method} {route.path_format}", handler


def _operation(route: str, handler: HTTPRouteHandler, seen: set[str]) -> Schema:
    seen.add(route)
    if route not in OPERATIONS:
        return {}
    told, (method, _, path) = OPERATIONS[route], route.partition(" ")
    words = " ".join(inspect.cleandoc(handler.fn.__doc__ or "").split())
    access = ACCESS[route]
    whole: Schema = {
        "operationId": _operation_id(handler, path),
        "tags": [told.tag],
        "summary": re.split(r"(?<=[.:])\s", words, maxsplit=1)[0].rstrip(".:"),
        "description": words,
        "parameters": [*_in_path(path), *_in_query(told), *_in_headers(told), *_of_reads(route, told)],
        "responses": {**_answers(route, told), **_problems(route, told)},
        "security": [] if access in (PUBLIC, OWN) else [{"bearer": []}, {"cookie": []}],
        "x-access": access.value if isinstance(access, Role) else access,
    }
    return whole | _body(route, method, told)


def _operation_id(handler: HTTPRouteHandler, path: str) -> str:
    """Of one function with two paths, two names."""
    name = handler.fn.__name__
    return f"{path.rpartition('/')[2]}_{name.partition('_')[2]}" if len(handler.paths) > 1 else name


def _in_path(path: str) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": PATH[name]}
        for name in re.findall(r"\{(\w+)\}", path)
    ]


def _in_query(told: Operation) -> list[Schema]:
    return [
        {"name": one.name, "in": "query", "required": False, "schema": one.schema}
        | ({"description": one.description} if one.description else {})
        for one in told.query
    ]


def _in_headers(told: Operation) -> list[Schema]:
    return [{"name": name, "in": "header", "required": False, **HEADERS[name]} for name in told.headers]


def _of_reads(route: str, told: Operation) -> list[Schema]:
    if not _is_read(route, told):
        return []
    words = "the ETag of what you have: 304 where it is that still"
    return [
        {"name": "If-None-Match", "in": "header", "required": False, "description": words, "schema": TEXT}
    ]


def _is_read(route: str, told: Operation) -> bool:
    return route.startswith("GET /api/") and told.says[0].media_type == JSON


def _body(route: str, method: str, told: Operation) -> Schema:
    if method not in _TAKES_BODY or route not in BODIES:
        return {}
    schema = {name: part for name, part in BODIES[route].items() if name != "$defs"}
    content: Schema = {"schema": schema, **body_example(route)}
    return {"requestBody": {"required": told.needs_body, "content": {JSON: content}}}


def _of_bodies() -> dict[str, Schema]:
    return {name: schema for body in BODIES.values() for name, schema in body.get("$defs", {}).items()}


def _answers(route: str, told: Operation) -> dict[str, Schema]:
    answers: dict[str, Schema] = {}
    for said in told.says:
        answers[str(said.status)] = {
            "description": said.description,
            **_headers(_of_answer(route, told, said)),
            **_content(route, told, said),
        }
    if _is_read(route, told):
        answers["304"] = {"description": "as it was, by your If-None-Match", **_headers(["ETag"])}
    return answers


def _of_answer(route: str, told: Operation, said: Said) -> list[str]:
    more = ["Idempotency-Replayed"] if "Idempotency-Key" in told.headers and said.status == 201 else []
    etag = ["ETag"] if route.startswith("GET /api/") and said.media_type == JSON else []
    return list(dict.fromkeys([*etag, *said.headers, *more]))


def _headers(names: Iterable[str]) -> Schema:
    told = {name: {"description": ANSWER_HEADERS[name], "schema": TEXT} for name in names}
    return {"headers": told} if told else {}


def _content(route: str, told: Operation, said: Said) -> Schema:
    if said.schema is None:
        return {}
    content: Schema = {said.media_type: {"schema": said.schema, **answer_example(route, said.status)}}
    if told.is_list:
        content[NDJSON] = {"schema": {**TEXT, "description": "a line for each"}}
    return {"content": content}


def _problems(route: str, told: Operation) -> dict[str, Schema]:
    by_status: dict[HTTPStatus, list[str]] = {}
    for word in WORDS:
        if word in _words(route, told):
            by_status.setdefault(WORDS[word][0], []).append(word)
    return {str(status.value): _problem(status, found) for status, found in by_status.items()}


def _problem(status: HTTPStatus, words: list[str]) -> Schema:
    examples = {word: {"value": _example_of(word)} for word in words}
    headers = {
        HTTPStatus.UNAUTHORIZED: ["WWW-Authenticate"],
        HTTPStatus.TOO_MANY_REQUESTS: ["Retry-After"],
        HTTPStatus.SERVICE_UNAVAILABLE: ["Retry-After"],
        HTTPStatus.PRECONDITION_FAILED: ["ETag"],
    }
    return {
        "description": "; ".join(f"`{word}`: {WORDS[word][1]}" for word in words),
        **_headers(headers.get(status, [])),
        "content": {MEDIA_TYPE: {"schema": ref("Problem"), "examples": examples}},
    }


def _example_of(word: str) -> Schema:
    status, title = WORDS[word]
    told: Schema = {
        "type": TYPES + word,
        "title": title,
        "status": status.value,
        "detail": f"{title}.",
        "instance": "/api/v1/jobs",
    }
    errors = [{"field": "schedule", "problem": "is missing: give one, such as '0 9 * * *'"}]
    return {**told, "errors": errors} if word == "invalid-input" else told


def _words(route: str, told: Operation) -> set[str]:
    """Those that it names, and those that go without saying."""
    method, _, path = route.partition(" ")
    access = ACCESS[route]
    found = {*told.problems, "internal"}
    if path.startswith("/api/"):
        found |= {"unavailable", "too-many-requests"}
    if access != PUBLIC:
        found |= {"unauthenticated", "forbidden"}
    if isinstance(access, Role) and method != "GET":
        found.add("cross-site")
    if re.search(r"\{\w+\}", path):
        found.add("not-found")
    if told.query or told.headers:
        found.add("invalid-input")
    if "Idempotency-Key" in told.headers:
        found.add("idempotency-key-reused")
    if method in _TAKES_BODY and route in BODIES:
        found |= {"bad-request", "malformed-json", "too-slow", "body-too-large", "invalid-input"}
    return found
