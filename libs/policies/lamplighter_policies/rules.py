"""Built-in rules: every rule whose conditions hold applies."""

from lamplighter_contracts.policies import BuiltInRules, Constraints, PolicyInput
from lamplighter_policies.conditions import hold
from lamplighter_policies.constraining import united
from lamplighter_policies.opinions import Opinion, PolicyFailed, Said
from lamplighter_schedules import ScheduleError


def ask(engine: BuiltInRules, document: PolicyInput) -> Opinion:
    """Raises PolicyFailed where a rule cannot be read: it might have been the one that denies."""
    said: list[Said] = []
    constraints: list[Constraints] = []
    for rule in engine.rules:
        try:
            applies = hold(rule.when, document)
        except ScheduleError as wrong:
            raise PolicyFailed(f"The rule {rule.name!r} cannot be read: {wrong.problem}") from wrong
        if applies:
            said.append(Said(rule.then, rule.name, rule.message))
            constraints.append(rule.constraints)
    return Opinion(tuple(said), united(constraints))
