"""What one policy says of what is asked, or that it could not be asked."""

from dataclasses import dataclass

from lamplighter_contracts.policies import Constraints, Effect

NONE = Constraints()


class PolicyFailed(Exception):
    """The policy could not be asked, or gave no decision. The message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Said:
    """`rule` names the rule, where there are rules. `message` says why, to people."""

    effect: Effect
    rule: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Opinion:
    said: tuple[Said, ...] = ()
    constraints: Constraints = NONE


@dataclass(frozen=True, slots=True)
class Failure:
    """Counts as a denial. `detail` says what went wrong."""

    detail: str
