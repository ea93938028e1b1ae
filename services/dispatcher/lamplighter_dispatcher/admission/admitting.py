"""Admits executions: who does the work, where, with what and within which bounds; or why nobody does, or not now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from nats.aio.client import Client

from lamplighter_choosing import Scorer
from lamplighter_contracts.choices import Choice
from lamplighter_contracts.events import JobDue
from lamplighter_contracts.policies import Effect, Verdict
from lamplighter_contracts.reasons import Blocked as Reason
from lamplighter_dispatcher.admission.checks import Checker, Checks
from lamplighter_dispatcher.admission.choosing import Ask, Choosing, Unanswered, given_to
from lamplighter_dispatcher.admission.credentials import Lacking, Ring, opened, wanted
from lamplighter_dispatcher.admission.directory import Directory
from lamplighter_dispatcher.admission.equipment import Equipment
from lamplighter_dispatcher.admission.facts import of_start
from lamplighter_dispatcher.admission.governed import denial, govern, no_answer
from lamplighter_dispatcher.admission.plans import Catalog, NoPlan, Plan, resolve
from lamplighter_dispatcher.admission.policing import Policing
from lamplighter_dispatcher.admission.surroundings import Surroundings, is_open
from lamplighter_runtime.consuming import BACKOFF_SECONDS, TRIES


@dataclass(frozen=True, slots=True)
class Admitted:
    """It may begin, as soon as it has its seats. `due` is the event as it was settled: with the choice, if it is of a
    smart job, and that agent's environment."""

    plan: Plan
    due: JobDue


@dataclass(frozen=True, slots=True)
class NeedsApproval:
    """It may begin by this plan once a person has said so."""

    plan: Plan
    due: JobDue
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Blocked:
    """It cannot begin. `choice` and `verdict` are what was decided on the way there."""

    why: NoPlan
    choice: Choice | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Forward:
    """Whoever was chosen works on another queue: publish it there, as `job.due.<due.job.queue>.<job>`."""

    due: JobDue


@dataclass(frozen=True, slots=True)
class Later:
    """Nobody knows yet: give it back for so long."""

    seconds: float
    detail: str


Admittance = Admitted | NeedsApproval | Blocked | Forward | Later


class Admission:
    """One for a process. The directory has to be followed beside it."""

    def __init__(
        self,
        client: Client,
        directory: Directory,
        ring: Ring,
        equipment: Equipment,
        checker: Checker,
        *,
        chooser: str = "",
        ask: Ask | None = None,
        scorer: Scorer | None = None,
    ) -> None:
        self._directory = directory
        self._ring = ring
        self._equipment = equipment
        self._checks = Checks(checker)
        self._policing = Policing(directory, ring)
        self._choosing = Choosing(self._policing, chooser, ask, scorer)
        self._surroundings = Surroundings(client, directory, self._policing)

    async def close(self) -> None:
        await self._policing.close()

    async def prepare(self, dues: Sequence[JobDue]) -> Catalog:
        """What `admit` needs for all of them, as it is now. Raises `BusUnavailable`."""
        return await self._surroundings.read(dues)

    async def admit(self, due: JobDue, catalog: Catalog, deliveries: int = 1) -> Admittance:
        """`deliveries` is how often the event came: so often has been tried what cannot be decided now.

        Raises `BusUnavailable`.
        """
        if is_open(due):
            given = await self._give(due, catalog, deliveries)
            if not isinstance(given, JobDue):
                return given
            due, catalog = given, await self._surroundings.read([given])
        plan = resolve(due.job, catalog, due.choice)
        if isinstance(plan, NoPlan):
            return Blocked(plan, due.choice)
        lack = self._equipment.lack(plan) or await self._checks.hindrance(
            plan.environment, catalog.readiness, datetime.now(UTC)
        )
        if lack is not None:
            return Blocked(lack, due.choice)
        return await self._govern(due, plan, catalog, deliveries)

    async def _give(self, due: JobDue, catalog: Catalog, deliveries: int) -> JobDue | Admittance:
        """To one of all agents that there are. The event comes back as it is for whoever was chosen."""
        known = self._directory.catalog
        everything = replace(catalog, agents=known.agents, environments=known.environments)
        choice = await self._choosing.choose(due, everything, datetime.now(UTC))
        if isinstance(choice, Unanswered):
            return _unanswered(choice.verdict, None, deliveries)
        if not choice.chosen:
            return Blocked(NoPlan(Reason.NEEDS_CHOICE, choice.reason), choice)
        given = given_to(due, choice, everything)
        return given if given.job.queue == due.job.queue else Forward(given)

    async def _govern(self, due: JobDue, plan: Plan, catalog: Catalog, deliveries: int) -> Admittance:
        verdict: Verdict | None = None
        if not self._policing.has_none:
            verdict = await self._policing.decide(of_start(due, plan, datetime.now(UTC)))
            if verdict.failed:
                return _unanswered(verdict, plan.choice, deliveries)
            if verdict.effect is Effect.DENY:
                return Blocked(denial(verdict), plan.choice, verdict)
            governed = govern(plan, verdict)
            if isinstance(governed, NoPlan):
                return Blocked(governed, plan.choice, verdict)
            plan = governed
        equipped = self._equip(due, plan, catalog)
        if isinstance(equipped, NoPlan):
            return Blocked(equipped, plan.choice, verdict)
        if verdict is not None and verdict.effect is Effect.APPROVAL:
            return NeedsApproval(equipped, due, verdict)
        return Admitted(equipped, due)

    def _equip(self, due: JobDue, plan: Plan, catalog: Catalog) -> Plan | NoPlan:
        """With its secrets, and with whom to ask before tools are called."""
        asked = wanted(plan.job_secrets, plan.everyone)
        secrets = opened(asked, plan.environment.environment_id, catalog.secrets, self._ring)
        if isinstance(secrets, Lacking):
            return NoPlan(Reason.SECRET, secrets.detail)
        return replace(plan, secrets=secrets, judge=self._policing.judge(due, plan))


def _unanswered(verdict: Verdict, choice: Choice | None, deliveries: int) -> Later | Blocked:
    if deliveries < TRIES:
        return Later(BACKOFF_SECONDS[deliveries - 1], f"a policy could not be asked: {verdict.reason}")
    return Blocked(no_answer(verdict), choice, verdict)
