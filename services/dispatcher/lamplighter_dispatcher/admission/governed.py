"""A plan under what policies said to its start: lower limits, fewer tools, fewer secrets. Pure."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from lamplighter_contracts.agents import Agent
from lamplighter_contracts.policies import Applied, Constraints, Effect, UsageFacts, Verdict
from lamplighter_contracts.reasons import Blocked
from lamplighter_dispatcher.admission import toolbox
from lamplighter_dispatcher.admission.bounds import lowest, of_policies
from lamplighter_dispatcher.admission.plans import NoPlan, Plan
from lamplighter_dispatcher.admission.tool_names import matches
from lamplighter_policies.facts import runner_secret_names


def govern(plan: Plan, verdict: Verdict) -> Plan | NoPlan:
    """Hidden secrets are not asked for. One that a runner cannot work without is no plan."""
    constraints = verdict.constraints
    for agent in plan.everyone:
        for name in sorted(runner_secret_names(agent)):
            if matches(name, constraints.hide_secrets):
                needs = f"which the runner of the agent {agent.agent_id!r} cannot do without"
                return NoPlan(Blocked.POLICY, f"A policy hides the secret {name!r}, {needs}.")
    changed = {id(agent): _agent(agent, constraints) for agent in plan.everyone}
    return replace(
        plan,
        verdict=verdict,
        members=tuple(changed[id(agent)] for agent in plan.members),
        leader=changed[id(plan.leader)] if plan.leader else None,
        merger=changed[id(plan.merger)] if plan.merger else None,
        job_secrets=_visible(plan.job_secrets, constraints),
        limits=lowest(plan.limits, of_policies(constraints)),
    )


def denial(verdict: Verdict) -> NoPlan:
    return NoPlan(Blocked.POLICY, f"A policy denies it: {verdict.reason or 'it gave no reason'}.")


def no_answer(verdict: Verdict) -> NoPlan:
    detail = verdict.reason or "a policy could not be asked"
    return NoPlan(Blocked.POLICY_ERROR, f"Nobody knows whether it is allowed, so it is not: {detail}.")


def failure(policy_ids: Collection[str], why: str) -> Verdict:
    """The verdict where policies cannot be asked: what nobody has allowed is denied."""
    applied = tuple(Applied(policy_id=policy_id, effect=Effect.DENY, message=why) for policy_id in policy_ids)
    return Verdict(effect=Effect.DENY, failed=True, applied=applied)


def refusal_of_removed(tool: str, start: Verdict | None) -> Verdict | None:
    """A tool that was taken from the execution at its start stays so, whatever policies say by now."""
    if start is None or not matches(tool, start.constraints.remove_tools):
        return None
    why = f"the tool {tool!r} was taken from this execution when it began"
    source = start.applied[0].policy_id if start.applied else ""
    applied = Applied(policy_id=source, effect=Effect.DENY, message=why)
    return Verdict(effect=Effect.DENY, applied=(applied,), policy_hash=start.policy_hash)


def bound(verdict: Verdict, tool: str, usage: UsageFacts) -> Verdict:
    """What policies say to a call, under what they allow of it: what is over a bound of theirs is denied. A start that
    they had nothing to say to has none of it in its limits."""
    if verdict.effect is Effect.DENY:
        return verdict
    source = next((one.policy_id for one in verdict.applied if not one.dry_run), "")
    over = tuple(
        Applied(policy_id=source, effect=Effect.DENY, message=why)
        for why in _over(verdict.constraints, tool, usage)
    )
    if not over:
        return verdict
    return verdict.model_copy(update={"effect": Effect.DENY, "applied": (*verdict.applied, *over)})


def _over(constraints: Constraints, tool: str, usage: UsageFacts) -> Iterator[str]:
    if matches(tool, constraints.remove_tools):
        yield f"it takes the tool {tool!r} away"
    if constraints.max_tool_calls is not None and usage.tool_calls >= constraints.max_tool_calls:
        yield f"it allows {constraints.max_tool_calls} calls of tools"
    for most, used, unit in (
        (constraints.max_tokens, usage.tokens, "tokens"),
        (constraints.max_cost, usage.cost, "US dollars"),
        (constraints.max_seconds, usage.seconds, "seconds"),
    ):
        if most is not None and used > most:
            yield f"it allows {most:g} {unit}, and more was used"


def _agent(agent: Agent, constraints: Constraints) -> Agent:
    tools = toolbox.without(agent.tools, constraints.remove_tools)
    secrets = _visible(agent.secrets, constraints)
    if tools is agent.tools and secrets == agent.secrets:
        return agent
    return agent.model_copy(update={"tools": tools, "secrets": secrets})


def _visible(names: tuple[str, ...], constraints: Constraints) -> tuple[str, ...]:
    return tuple(name for name in names if not matches(name, constraints.hide_secrets))
