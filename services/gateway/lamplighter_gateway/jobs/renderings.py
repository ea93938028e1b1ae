"""What a job says of itself, rendered once a revision: of a list, most of it is that."""

from typing import Any

from lamplighter_contracts.dialects import render_job
from lamplighter_contracts.jobs import Job
from lamplighter_gateway.jobs.upcoming import schedule_words

Wire = dict[str, Any]

MOST = 4_096
"""Some 8 KB each."""


class Renderings:
    def __init__(self) -> None:
        self._known: dict[str, tuple[int, Wire]] = {}

    def of(self, job: Job) -> Wire:
        """Nobody may change it."""
        revision, rendered = self._known.get(job.job_id, (0, {}))
        if revision == 0 or revision != job.revision:
            rendered = rendering(job)
            self._keep(job, rendered)
        return rendered

    def _keep(self, job: Job, rendered: Wire) -> None:
        self._known.pop(job.job_id, None)
        while len(self._known) >= MOST:
            # The one that was made first.
            del self._known[next(iter(self._known))]
        self._known[job.job_id] = (job.revision, rendered)


def rendering(job: Job) -> Wire:
    return {**render_job(job), "schedule_words": schedule_words(job)}
