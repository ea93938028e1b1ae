"""What may be used, of one agent and of the whole around it."""

import pytest

from lamplighter_contracts.agents import RunLimits
from lamplighter_contracts.usage import Usage
from lamplighter_dispatcher.attempt.budget import Budget
from lamplighter_dispatcher.runners.contract import LimitReached


@pytest.mark.parametrize(
    ("limits", "usage", "limit"),
    [
        (RunLimits(tokens=10), Usage(input_tokens=6, output_tokens=5), "tokens"),
        (RunLimits(cost=0.5), Usage(cost=0.51), "cost"),
        (RunLimits(requests=1), Usage(requests=2), "requests"),
    ],
)
def test_a_limit_that_is_passed(limits: RunLimits, usage: Usage, limit: str) -> None:
    budget = Budget(limits, "The agent 'a'")
    with pytest.raises(LimitReached) as reached:
        budget.spend(usage)
    assert reached.value.limit == limit
    assert str(reached.value).startswith("The agent 'a' may use ")
    assert reached.value.unsuccessful("so far").reason == f"limit: {limit}"
    # What was used was used.
    assert budget.used == usage


def test_a_limit_that_is_reached_is_not_passed() -> None:
    budget = Budget(RunLimits(tokens=10, cost=1, requests=1), "It")
    budget.spend(Usage(input_tokens=10, cost=1, requests=1))
    assert budget.used.tokens == 10


def test_no_call_beyond_the_last() -> None:
    budget = Budget(RunLimits(tool_calls=2), "It")
    budget.call()
    budget.call()
    with pytest.raises(LimitReached):
        budget.call()
    assert budget.used.tool_calls == 2


def test_members_share_what_is_around_them() -> None:
    team = Budget(RunLimits(tokens=10, tool_calls=1), "The team")
    one, other = Budget(RunLimits(), "One", team), Budget(RunLimits(), "The other", team)
    one.spend(Usage(input_tokens=7))
    with pytest.raises(LimitReached, match="The team"):
        other.spend(Usage(output_tokens=4))
    one.call()
    with pytest.raises(LimitReached, match="The team"):
        other.call()
    assert (one.used.tokens, other.used.tokens, team.used.tokens) == (7, 4, 11)


def test_what_was_used_before_counts() -> None:
    budget = Budget(RunLimits(tokens=10), "It", used=Usage(input_tokens=9))
    with pytest.raises(LimitReached):
        budget.spend(Usage(output_tokens=2))
