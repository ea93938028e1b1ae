"""What a smart job asks for."""

from dataclasses import dataclass

from lamplighter_contracts.jobs import Job, SmartExecutor
from lamplighter_contracts.projects import DEFAULT_PROJECT
from lamplighter_prompts import without_data


@dataclass(frozen=True, slots=True)
class Wish:
    prompt: str
    """As it is asked, rendered. It counts without what came from outside: a payload says nobody's name."""
    capabilities: tuple[str, ...] = ()
    environment: str | None = None
    """The one that the job names. None: any."""
    fallback: str | None = None
    project: str = DEFAULT_PROJECT
    """Whose agents are asked: there are no others."""

    @property
    def words(self) -> str:
        """What is to be done, in the words of the job's author."""
        return without_data(self.prompt)

    @classmethod
    def of(cls, job: Job, executor: SmartExecutor, prompt: str) -> "Wish":
        environment = None if job.inherits_environment else job.environment
        return cls(prompt, executor.capabilities, environment, executor.fallback, job.project)
