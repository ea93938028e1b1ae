"""Jobs as a list shows them: what they are, when they run next, and how they ran last."""

import asyncio
from collections.abc import Sequence

from lamplighter_contracts.jobs import Job
from lamplighter_contracts.queries import JobSummary
from lamplighter_gateway.answers import Moment, Wire, job_answer, last_run
from lamplighter_gateway.gateway import Gateway
from lamplighter_gateway.jobs.situations import cautions_of
from lamplighter_gateway.web.problems import Problem

AT_ONCE = 100
"""Jobs rendered before others get their turn."""

HISTORY_HEADER = {"Lamplighter-History": "unavailable"}


async def briefs(gateway: Gateway, jobs: Sequence[Job]) -> tuple[list[Wire], dict[str, str]]:
    """At most as many as history tells of at once; and the header that says what is missing, if anything is. Their
    warnings are without those of policies."""
    (summaries, headers), gates = await asyncio.gather(
        last_runs(gateway, [job.job_id for job in jobs]), gateway.gates.bounding(jobs)
    )
    documents, cautions, now = list[Wire](), cautions_of(gateway), gateway.now()
    for place, job in enumerate(jobs):
        at = gateway.forecasts.next_run(job, gateway.catalog, gates[job.job_id], now)
        moment = Moment(job.paused_at(now), [at] if at else [])
        brief = job_answer(job, cautions, gateway.settings.base_url, moment, gateway.renderings.of(job))
        documents.append({**brief, **last_run(summaries.get(job.job_id))})
        if place % AT_ONCE == AT_ONCE - 1:
            await asyncio.sleep(0)
    return documents, headers


async def last_runs(gateway: Gateway, job_ids: Sequence[str]) -> tuple[dict[str, JobSummary], dict[str, str]]:
    """From history; without it the jobs are shown all the same."""
    if not job_ids:
        return {}, {}
    try:
        answered = await gateway.history.summaries(tuple(job_ids))
    except Problem:
        return {}, HISTORY_HEADER
    return {summary.job_id: summary for summary in answered.summaries}, {}
