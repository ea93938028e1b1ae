"""Policies: who may run what, where, and with which tools."""

from collections.abc import Mapping
from typing import Any

from litestar import Request, delete, get, patch, post, put

from lamplighter_contracts.fields import Model
from lamplighter_contracts.policies import Policy, PolicySpec
from lamplighter_contracts.problems import FieldError, InvalidInput
from lamplighter_gateway.catalog.homes import read_project
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.jobs.situations import in_force
from lamplighter_gateway.named.policies import POLICIES, checked, read_spec
from lamplighter_gateway.named.things import Named, strangers
from lamplighter_gateway.policing.questions import Question, document_of
from lamplighter_gateway.policing.tokens import tokens_of
from lamplighter_gateway.routes import named
from lamplighter_gateway.web.responses import Answer, answer
from lamplighter_policies import PolicyBook, input_schema


class TestBody(Model):
    """Neither `policy` nor `policy_id`: all that are active."""

    policy: PolicySpec | None = None
    policy_id: str | None = None
    input: Question = Question()


TESTED = "tested"
"""The id of a policy that is tested before it has one."""

_WAYS = set(TestBody.model_fields)


@post("/api/v1/policies")
async def create_policy(request: Request[Any, Any, Any]) -> Answer:
    """Make a policy. It holds from now on, unless `dry_run` or `active: false` says otherwise."""
    body = await named.read(request)
    return await named.create(request, checked(await _look_at(request, body)), body)


@get("/api/v1/policies")
async def list_policies(request: Request[Any, Any, Any]) -> Answer:
    """All policies, by id."""
    return await named.show_all(request, POLICIES)


@get("/api/v1/policies/schema")
async def get_schema(request: Request[Any, Any, Any]) -> Answer:
    """The JSON Schema of the document that policies judge."""
    return answer(input_schema())


@get("/api/v1/policies/{policy_id:str}")
async def get_policy(request: Request[Any, Any, Any], policy_id: str) -> Answer:
    """One policy."""
    return await named.show(request, POLICIES, policy_id)


@patch("/api/v1/policies/{policy_id:str}")
async def change_policy(request: Request[Any, Any, Any], policy_id: str) -> Answer:
    """Change some fields; `engine` is replaced as a whole. With If-Match only what was read."""
    body = await named.read(request)
    return await named.change(request, checked(await _look_at(request, body)), policy_id, body)


@put("/api/v1/policies/{policy_id:str}", status_code=200)
async def replace_policy(request: Request[Any, Any, Any], policy_id: str) -> Answer:
    """Put it in place of what there is, or make it: what is not said has its default. With `If-None-Match: *` it is
    made only, with If-Match it replaces what was read."""
    body = await named.read(request)
    return await named.replace(request, checked(await _look_at(request, body)), policy_id, body)


@delete("/api/v1/policies/{policy_id:str}")
async def delete_policy(request: Request[Any, Any, Any], policy_id: str) -> None:
    """Delete a policy. It governs nothing from then on."""
    await named.remove(request, POLICIES, policy_id)


@post("/api/v1/policies/test", status_code=200)
async def test_policies(request: Request[Any, Any, Any]) -> Answer:
    """What the policy of the body, the one of an id, or all that are active say of `input`: a whole document, or words
    such as `job_id`, `agent_id`, `tool`, `arguments`, `trigger`, `trust`, `at`, of which one is made."""
    body, gateway = await named.read(request), gateway_of(request)
    if wrong := strangers(body, _WAYS, frozenset()):
        raise InvalidInput(wrong)
    given = {} if body.get("input") is None else body["input"]
    if not isinstance(given, dict):
        raise InvalidInput([FieldError(field="input", problem="must be a JSON object")])
    document = document_of(given, gateway.catalog, gateway.now())
    policies = await _asked(gateway, body, document.job.project)
    verdict = await gateway.policies.try_out(policies, document, tokens_of(gateway, policies))
    governing = PolicyBook(policies, lambda name: None).applying(document).policies
    return answer(
        {
            "verdict": {**verdict.model_dump(mode="json"), "reason": verdict.reason},
            "asked": [policy.policy_id for policy in governing],
            "input": document.model_dump(mode="json"),
        }
    )


async def _look_at(request: Request[Any, Any, Any], body: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with the engine of a body: looked at before anything is decided, once. One that cannot be read is
    told of by whoever reads the body."""
    if body.get("engine") is None:
        return []
    try:
        spec = read_spec({"name": "x", "engine": body["engine"]})
    except InvalidInput:
        return []
    return await gateway_of(request).policies.check(spec)


async def _asked(gateway: Gateway, body: Mapping[str, Any], project: str) -> list[Policy]:
    match body.get("policy"), body.get("policy_id"):
        case None, None:
            return in_force(gateway)
        case None, str(policy_id):
            found = Named(POLICIES, gateway.catalog, gateway.now()).find(policy_id)
            assert isinstance(found, Policy)
            return [found.model_copy(update={"active": True})]
        case dict(given), None:
            return [await _tested(gateway, given, project)]
        case None, _:
            raise InvalidInput([FieldError(field="policy_id", problem="must be the id of a policy")])
        case _, None:
            raise InvalidInput([FieldError(field="policy", problem="must be a JSON object")])
        case _:
            raise InvalidInput([FieldError(field="policy_id", problem="cannot stand beside 'policy'")])


async def _tested(gateway: Gateway, given: dict[str, Any], project: str) -> Policy:
    """Of the project that it is asked about, where it does not say: no other could be asked with its secrets."""
    errors: list[FieldError] = []
    home = read_project({"project": project} | given, None, gateway.catalog, errors)
    try:
        spec = read_spec({"name": TESTED, **given, "project": home})
        errors += await gateway.policies.check(spec)
    except InvalidInput as wrong:
        errors += wrong.errors
    if errors:
        raise InvalidInput([e.model_copy(update={"field": f"policy.{e.field}"}) for e in errors])
    now = gateway.now()
    named_so = given.get("policy_id") or given.get("id") or TESTED
    return Policy(**{**dict(spec), "active": True}, policy_id=str(named_so), created_at=now, updated_at=now)


HANDLERS = [
    create_policy,
    list_policies,
    get_schema,
    get_policy,
    change_policy,
    replace_policy,
    delete_policy,
    test_policies,
]
