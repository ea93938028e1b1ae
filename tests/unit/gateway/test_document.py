"""The API's document: every route, all that it can answer, and examples that are what it says they are."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta
from litestar import Litestar
from pydantic import SecretStr

from lamplighter_gateway.access.table import ACCESS
from lamplighter_gateway.app import build
from lamplighter_gateway.document.bodies import BODIES
from lamplighter_gateway.document.making import document
from lamplighter_gateway.document.operations import OPERATIONS
from lamplighter_gateway.settings import Settings
from lamplighter_gateway.web.problems import MEDIA_TYPE, WORDS
from lamplighter_runtime.service import Loops
from tests.service.gateway.running import KEY, VAULT_KEYS

Json = Any
Operation = tuple[str, Json]


@cache
def app() -> Litestar:
    settings = Settings(
        nats_url="nats://127.0.0.1:1", secret_key=SecretStr(KEY), vault_keys=SecretStr(VAULT_KEYS)
    )
    inner: Json = build(settings, Loops())
    while not isinstance(inner, Litestar):
        inner = inner._app
    return inner


@cache
def told() -> Json:
    return json.loads(json.dumps(document(app(), "")))


def operations() -> Iterator[Operation]:
    for path, methods in told()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def errors_of(schema: Json, value: Json) -> list[str]:
    whole = {**schema, "components": told()["components"]}
    return [
        f"{error.instance_path}: {error.message}" for error in Draft202012Validator(whole).iter_errors(value)
    ]


def test_every_route_is_told_of() -> None:
    routes = {f"{m} {r.path_format}" for r in app().routes for m in r.methods if m != "OPTIONS"}
    api = {route for route in routes if "/docs" not in route}
    assert {route for route, _ in operations()} == api == set(OPERATIONS)
    assert routes == ACCESS.keys()


def test_no_two_operations_have_one_name() -> None:
    names = [operation["operationId"] for _, operation in operations()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("route", "operation"), operations(), ids=lambda value: str(value)[:60])
def test_an_operation_says_everything(route: str, operation: Json) -> None:
    method, _, path = route.partition(" ")
    assert operation["summary"]
    assert operation["tags"]
    assert len(operation["summary"]) < 200, operation["summary"]
    in_path = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
    assert in_path == {part[1:-1] for part in path.split("/") if part.startswith("{")}
    statuses = set(operation["responses"])
    assert any(status.startswith("2") for status in statuses)
    if path.startswith("/api/"):
        assert "503" in statuses
    if operation["security"]:
        assert {"401", "403"} <= statuses
    if in_path:
        assert "404" in statuses
    if method in ("PUT", "PATCH"):
        assert "requestBody" in operation
    for status, said in operation["responses"].items():
        problems = said.get("content", {}).get(MEDIA_TYPE)
        if problems:
            words = problems["examples"]
            assert words
            assert all(WORDS[word][0] == int(status) for word in words)


@pytest.mark.parametrize(("route", "operation"), operations(), ids=lambda value: str(value)[:60])
def test_examples_are_what_they_are_said_to_be(route: str, operation: Json) -> None:
    contents = [(status, said.get("content", {})) for status, said in operation["responses"].items()]
    contents.append(("body", operation.get("requestBody", {}).get("content", {})))
    for part, content in contents:
        for media_type, one in content.items():
            if "json" not in media_type or "ndjson" in media_type:
                continue
            examples = one.get("examples", {})
            assert examples or part in ("503", "body"), f"{route} has no example of {part}"
            for name, example in examples.items():
                assert not errors_of(one["schema"], example["value"]), (route, part, name)


def test_schemas_refer_to_what_there_is() -> None:
    known = told()["components"]["schemas"]
    text = json.dumps(told())
    for reference in set(text.split('"#/components/schemas/')[1:]):
        assert reference.split('"')[0] in known
    for schema in known.values():
        meta.validate(schema)


def test_every_body_is_of_a_route() -> None:
    assert BODIES.keys() <= OPERATIONS.keys() | {"POST /api/v1/jobs/webhook/{path}"}


def test_the_docs_name_every_problem_with_its_status() -> None:
    text = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \| \S", text, re.MULTILINE)
    assert sorted(rows) == sorted((word, str(status.value)) for word, (status, _) in WORDS.items())


def test_the_docs_name_the_limits_that_there_are() -> None:
    text = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
    named = {name.lower() for name in re.findall(r"`LAMPLIGHTER_(\w+)`", text)}
    assert named <= Settings.model_fields.keys()
