"""The policies in force: those that govern are asked, and one that cannot be asked denies."""

import asyncio

import pytest

from lamplighter_contracts.policies import Effect, Opa, Policy, Verdict
from lamplighter_policies import PolicyBook, rules
from tests.support.scripted.opa import scripted_opa
from tests.unit.policies.documents import NOON, attached, call, policy, rego, start
from tests.unit.policies.documents import rules as built_in

DENY = built_in({"then": "deny", "message": "No."})
BROKEN = rego("deny := 1")
SECONDS = 10


def book(*policies: Policy) -> PolicyBook:
    return PolicyBook(policies, lambda name: None)


async def test_an_empty_book_allows() -> None:
    inactive = policy(DENY, active=False)
    for one in (book(), book(inactive)):
        assert one.is_empty
        verdict = await one.decide(start())
        assert verdict.model_copy(update={"took_us": 0}) == Verdict()


async def test_only_those_that_govern_are_asked() -> None:
    here = policy(DENY, "here", attach=attached("environment", "production"))
    there = policy(BROKEN, "there", attach=attached("environment", "default"))
    one = book(here, there)

    verdict = await one.decide(start())

    assert [a.policy_id for a in verdict.applied] == ["here"]
    assert (verdict.effect, verdict.failed, verdict.reason) == (Effect.DENY, False, "No.")
    assert [p.policy_id for p in one.applying(start()).policies] == ["here"]
    assert not one.is_empty


async def test_policies_are_of_a_project_or_of_all() -> None:
    of_shop = start().model_copy(update={"job": start().job.model_copy(update={"project": "shop"})})
    own = policy(DENY, "own", project="shop", attach=attached("project"))
    others = policy(DENY, "others", attach=attached("project"))
    wide = policy(DENY, "wide", attach=attached("everything"))
    assert [p.policy_id for p in book(own, others, wide).applying(of_shop).policies] == ["own", "wide"]
    assert [p.policy_id for p in book(own, others, wide).applying(start()).policies] == ["others", "wide"]


async def test_a_server_is_asked_with_a_secret_of_the_policys_own_project() -> None:
    asked = list[str]()
    engine = Opa(url="http://127.0.0.1:9/v1/data/x", token="TOKEN")
    one = PolicyBook([policy(engine, project="shop", attach=attached("everything"))], asked.append)
    verdict = await one.decide(start())
    assert asked == ["shop.TOKEN"]
    assert "the secret 'TOKEN' of the environment 'shop', which is not there" in verdict.reason


async def test_one_that_cannot_be_asked_denies() -> None:
    period = built_in({"when": {"during": ["now and then"]}})
    for engine, words in ((BROKEN, "'deny' is a number"), (period, "'rule 0' cannot be read")):
        verdict = await book(policy(built_in({}), "fine"), policy(engine, "bad")).decide(start())
        assert (verdict.effect, verdict.failed) == (Effect.DENY, True)
        assert (
            f"The policy 'bad' could not be asked: {'' if engine is BROKEN else 'The rule '}"
            in verdict.reason
        )
        assert words in verdict.reason


async def test_a_fault_of_ours_denies_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(rules, "ask", broken)
    verdict = await book(policy(built_in({}))).decide(start())
    assert (verdict.effect, verdict.failed) == (Effect.DENY, True)
    assert "RuntimeError: out of order" in verdict.reason


async def test_on_trial_it_is_told_and_nothing_is_denied() -> None:
    verdict = await book(policy(DENY, "denies", dry_run=True), policy(BROKEN, "fails", dry_run=True)).decide(
        start()
    )

    assert (verdict.effect, verdict.failed, verdict.reason) == (Effect.ALLOW, False, "")
    assert [(a.policy_id, a.effect, a.dry_run) for a in verdict.applied] == [
        ("denies", Effect.DENY, True),
        ("fails", Effect.DENY, True),
    ]


async def test_servers_are_asked_at_the_same_time() -> None:
    async with scripted_opa(at_once=False) as first, scripted_opa(at_once=False) as second:
        first.answer, second.answer = (200, {"result": {"deny": ["One."]}}), (500, {})
        several = book(
            policy(Opa(url=first.url), "a"), policy(Opa(url=second.url), "b"), policy(built_in({}), "c")
        )
        asked = asyncio.create_task(several.decide(start()))
        async with asyncio.timeout(SECONDS):
            # Neither answers before both were asked.
            await asyncio.gather(first.arrived.wait(), second.arrived.wait())
            first.gate.set()
            second.gate.set()
            verdict = await asked
        await several.close()

    assert (verdict.effect, verdict.failed) == (Effect.DENY, True)
    assert [a.policy_id for a in verdict.applied] == ["a", "b", "c"]
    assert verdict.took_us > 0


async def test_the_hash_is_of_those_that_were_asked() -> None:
    one, other = policy(built_in({}), "a"), policy(DENY, "b", attach=attached("job", "other"))
    alone, both = await book(one).decide(start()), await book(one, other).decide(start())
    assert alone.policy_hash == both.policy_hash != ""
    assert (await book(one).decide(call())).policy_hash == alone.policy_hash
    assert (
        await book(one.model_copy(update={"updated_at": NOON, "revision": 2})).decide(start())
    ).policy_hash != (alone.policy_hash)
