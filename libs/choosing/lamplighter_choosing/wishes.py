"""What a smart job asks for."""

from dataclasses import dataclass

from lamplighter_contracts.jobs import Job, SmartExecutor


@dataclass(frozen=True, slots=True)
class Wish:
    prompt: str
    """As it is asked, rendered."""
    capabilities: tuple[str, ...] = ()
    environment: str | None = None
    """The one that the job names. None: any."""
    fallback: str | None = None

    @classmethod
    def of(cls, job: Job, executor: SmartExecutor, prompt: str) -> "Wish":
        environment = None if job.inherits_environment else job.environment
        return cls(prompt, executor.capabilities, environment, executor.fallback)
