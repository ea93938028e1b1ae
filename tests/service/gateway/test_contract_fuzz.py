"""Whatever a request is made of, the gateway answers as its document says: no 5xx, no status, no content type and no
shape that is not told there. Requests are made of the document, right ones and wrong ones."""

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.api_examples import record
from tests.support.stack import Stack, running_stack
from tests.unit.gateway.test_document import told

Json = Any
Operation = APIOperation[Any, Any, Any, Any]

EXAMPLES = int(os.environ.get("LAMPLIGHTER_FUZZ", "15"))
"""Right requests of each operation, as many wrong ones, and as many that are almost right."""
SLOW = {"POST /api/v1/simulations": 3}
"""Each of these may take a core for seconds."""
JSON, SSE = "application/json", "text/event-stream"
ORDER = ("GET", "POST", "PATCH", "PUT", "DELETE")
"""What there is, is looked at before it is deleted."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
KNOWN = {
    "job_id": "jobs",
    "agent_id": "agents",
    "team_id": "teams",
    "environment_id": "environments",
    "calendar_id": "calendars",
    "policy_id": "policies",
    "execution_id": "executions",
    "delivery_id": "deliveries",
    "approval_id": "approvals",
    "backfill_id": "backfills",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One in which there is something of everything, and in which nothing more becomes due: what is made up here is
    not to be run."""
    folder = tmp_path_factory.mktemp("fuzz")
    with running_stack(folder, LAMPLIGHTER_REQUESTS_PER_MINUTE="1000000") as stack:
        asyncio.run(record(stack))
        stack.children["scheduler"].kill()
        yield stack


@pytest.fixture(scope="module")
def known(stack: Stack) -> dict[str, list[str]]:
    """Ids that there are."""
    headers = {"Authorization": f"Bearer {stack.token}"}

    def ids(noun: str) -> list[str]:
        found = requests.get(f"{stack.url}/api/v1/{noun}", headers=headers, timeout=10).json()
        return [str(one["id"]) for one in found][:5]

    records = requests.get(f"{stack.url}/api/v1/audit", headers=headers, timeout=10).json()
    return {
        **{name: ids(noun) for name, noun in KNOWN.items()},
        "number": [str(records[0]["number"])],
        "name": ["MAIL_TOKEN"],
        "path": ["deploy-trigger"],
    }


def without_opa(value: Json) -> Json:
    """Policies that ask a server would have every job wait for one that is not there."""
    match value:
        case dict():
            kept = {name: without_opa(one) for name, one in value.items()}
            mapping = kept.get("mapping")
            if isinstance(mapping, dict):
                mapping.pop("opa", None)
            return kept
        case list():
            return [without_opa(one) for one in value if not _is_opa(one)]
        case _:
            return value


def _is_opa(value: Json) -> bool:
    return isinstance(value, dict) and str(value.get("$ref", "")).endswith("/Opa")


SCHEMA = schemathesis.openapi.from_dict(without_opa(told()))
OPERATIONS: dict[str, Operation] = {
    f"{found.ok().method.upper()} {found.ok().path}": found.ok()
    for found in SCHEMA.get_all_operations()
    if isinstance(found, Ok)
}


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=300),
    st.lists(st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)
"""What a field may hold instead of what it has to."""


def near(operation: Operation) -> st.SearchStrategy[Json]:
    """Bodies that are right, but for a field or two."""
    told = operation.definition.raw.get("requestBody", {}).get("content", {}).get(JSON, {})
    examples = [example["value"] for example in told.get("examples", {}).values()]
    if not examples:
        return st.none()
    names = sorted({*told["schema"].get("properties", {}), *examples[0], "unheard-of"})
    odd = st.dictionaries(st.sampled_from(names), ODD, max_size=2)
    return odd.map(lambda fields: {**examples[0], **fields})


def of_known(
    operation: APIOperation[Any, Any, Any, Any], known: dict[str, list[str]]
) -> st.SearchStrategy[Json]:
    """Ids for its path, mostly some that there are."""
    names = [one.name for one in operation.path_parameters if known.get(one.name)]
    return st.fixed_dictionaries({name: st.sampled_from(known[name]) for name in names})


def _place(route: object) -> int:
    return ORDER.index(str(route).partition(" ")[0])


@pytest.mark.parametrize("route", sorted(OPERATIONS, key=_place))
def test_every_answer_is_as_the_document_says(route: str, stack: Stack, known: dict[str, list[str]]) -> None:
    operation = OPERATIONS[route]
    headers = {"Authorization": f"Bearer {stack.token}"}
    rights = [operation.as_strategy(mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)]

    @settings(
        max_examples=SLOW.get(route, 3 * EXAMPLES),
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=st.one_of(rights), ids=of_known(operation, known), body=near(operation), how=st.integers(0, 7)
    )
    def ask(case: Case[Any], ids: dict[str, str], body: Json, how: int) -> None:
        if how:
            case.path_parameters = {**(case.path_parameters or {}), **ids}
        if how > 3 and body is not None:
            case.body, case.query = body, {}
            case.headers.clear()
        if SSE in str(operation.definition.raw["responses"].get("200")):
            _listen(case, stack.url, headers)
            return
        answer = case.call(base_url=stack.url, headers=headers, timeout=60)
        case.validate_response(answer, checks=CHECKS)

    ask()


def _listen(case: Case[Any], url: str, headers: dict[str, str]) -> None:
    """Only how it begins: a stream has no end."""
    asked = case.as_transport_kwargs(base_url=url, headers=headers)
    with requests.request(**asked, stream=True, timeout=20) as answer:
        known = case.operation.definition.raw["responses"]
        assert str(answer.status_code) in known, answer.text
        assert answer.status_code < 500, answer.text
        kind = answer.headers["content-type"].partition(";")[0]
        assert kind in known[str(answer.status_code)]["content"]
