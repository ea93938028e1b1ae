"""The prompt of a firing, rendered; and whether a job's prompt asks for what came before."""

from datetime import datetime

from lamplighter_contracts.events import Firing
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job, JobSpec
from lamplighter_prompts import Facts, Previous, PromptError, names_used, render_prompt, with_payload


def uses_previous(job: JobSpec) -> bool:
    """A prompt that cannot be read asks for nothing: it never fires either."""
    try:
        return "previous" in names_used(job.prompt)
    except PromptError:
        return False


def prompt_of(job: Job, gate: Gate, firing: Firing, now: datetime) -> str:
    """Empty where it is the job's own text as it stands there. Raises `PromptError`."""
    rendered = render_prompt(job.prompt, facts_of(job, gate, firing, now))
    if not rendered.strip():
        raise PromptError("Nothing is left of the prompt for this firing: an agent needs one.")
    whole = with_payload(job.prompt, rendered, firing.payload)
    return "" if whole == job.prompt else whole


def facts_of(job: Job, gate: Gate, firing: Firing, now: datetime) -> Facts:
    previous = gate.previous
    return Facts(
        job_id=job.job_id,
        job_name=job.name,
        description=job.description,
        timezone=job.timezone,
        environment=job.environment,
        variables=job.variables,
        scheduled_at=firing.nominal_at,
        fired_at=now,
        payload=firing.payload,
        previous=Previous(previous.execution_id, previous.finished_at, previous.result) if previous else None,
    )
