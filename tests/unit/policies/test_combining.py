"""Many policies as one verdict: the order never matters, and one more never weakens it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lamplighter_contracts.policies import Constraints, Effect, Verdict
from lamplighter_policies.combining import Answer, combine, digest
from lamplighter_policies.opinions import Failure, Opinion, Said
from tests.unit.policies.documents import policy, rules

STRENGTH = {Effect.ALLOW: 0, Effect.APPROVAL: 1, Effect.DENY: 2}
LIMITS = ("max_seconds", "max_tokens", "max_cost", "max_tool_calls")

bounds = st.none() | st.integers(1, 9)
names = st.lists(st.sampled_from(["shell", "http", "files.*"]), max_size=3).map(tuple)
constraints = st.builds(
    Constraints,
    remove_tools=names,
    hide_secrets=names,
    max_seconds=bounds,
    max_tokens=bounds,
    max_cost=bounds,
    max_tool_calls=bounds,
)
said = st.builds(Said, st.sampled_from(Effect), st.sampled_from(["", "a", "b"]), st.sampled_from(["", "No."]))
opinions = st.builds(Opinion, st.lists(said, max_size=3).map(tuple), constraints) | st.builds(
    Failure, st.just("x")
)


@st.composite
def several(draw: st.DrawFn, least: int = 0) -> list[Answer]:
    numbers = draw(st.lists(st.integers(1, 9), min_size=least, max_size=5, unique=True))
    return [answer(f"p{number}", draw(opinions), dry_run=draw(st.booleans())) for number in numbers]


def answer(policy_id: str, opinion: Opinion | Failure, **more: Any) -> Answer:
    one = policy(rules({}), policy_id, **more)
    return Answer(one, digest(one), opinion)


@given(several(), st.randoms())
def test_the_order_never_matters(answers: list[Answer], random: Any) -> None:
    shuffled = list(answers)
    random.shuffle(shuffled)
    assert combine(shuffled) == combine(answers)


@given(several(least=1))
def test_one_more_never_weakens(answers: list[Answer]) -> None:
    less, more = combine(answers[1:]), combine(answers)

    assert STRENGTH[more.effect] >= STRENGTH[less.effect]
    assert more.failed >= less.failed
    assert set(more.constraints.remove_tools) >= set(less.constraints.remove_tools)
    assert set(more.constraints.hide_secrets) >= set(less.constraints.hide_secrets)
    for limit in LIMITS:
        before, after = getattr(less.constraints, limit), getattr(more.constraints, limit)
        assert before is None or (after is not None and after <= before)


@given(several())
def test_what_is_on_trial_is_told_and_never_counts(answers: list[Answer]) -> None:
    binding = combine([a for a in answers if not a.policy.dry_run])
    together = combine(answers)

    same = ("effect", "constraints", "failed")
    assert [getattr(together, name) for name in same] == [getattr(binding, name) for name in same]
    assert tuple(a for a in together.applied if not a.dry_run) == binding.applied
    told = sum(1 if isinstance(a.opinion, Failure) else len(a.opinion.said) for a in answers)
    assert len(together.applied) == told


def test_of_nothing_all_is_allowed() -> None:
    assert combine([]) == Verdict()


def test_a_failure_denies_and_says_so() -> None:
    verdict = combine([answer("a", Failure("gone.")), answer("b", Opinion((Said(Effect.ALLOW),)))])

    assert (verdict.effect, verdict.failed) == (Effect.DENY, True)
    assert verdict.reason == "The policy 'a' could not be asked: gone."


def test_limits_are_the_lowest_and_losses_add_up() -> None:
    one = Opinion(constraints=Constraints(max_cost=2, max_tokens=10, remove_tools=("shell",)))
    other = Opinion(
        constraints=Constraints(max_cost=1, hide_secrets=("KEY",), remove_tools=("http", "shell"))
    )

    assert combine([answer("a", one), answer("b", other)]).constraints == Constraints(
        max_cost=1, max_tokens=10, remove_tools=("http", "shell"), hide_secrets=("KEY",)
    )


def test_the_hash_tells_policies_apart_and_nothing_else() -> None:
    def hashed(*policies: Any) -> str:
        return combine([Answer(p, digest(p), Opinion()) for p in policies]).policy_hash

    first, second = policy(rules({}), "a"), policy(rules({}), "b")
    known = hashed(first, second)
    assert known == hashed(second, first)
    assert known == hashed(first.model_copy(update={"updated_at": first.created_at}), second)
    others = [
        hashed(first),
        hashed(first, second.model_copy(update={"revision": 2})),
        hashed(first, second.model_copy(update={"policy_id": "c"})),
        hashed(first, policy(rules({"then": "deny"}), "b")),
        hashed(first, second.model_copy(update={"dry_run": True})),
    ]
    assert len({known, *others}) == 6
