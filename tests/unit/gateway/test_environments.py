"""Which jobs follow their environment to another queue, and how many at a time."""

from datetime import UTC, datetime

from lamplighter_contracts.environments import Environment
from lamplighter_contracts.jobs import AgentExecutor, Job
from lamplighter_gateway.catalog.contents import Catalog, key_of
from lamplighter_gateway.jobs.places import MOST_AT_ONCE, MOST_BYTES_AT_ONCE, moves

NOW = datetime(2026, 3, 2, tzinfo=UTC)
LAB = Environment(environment_id="lab", name="Lab", queue="inside", created_at=NOW, updated_at=NOW)


def catalog_of(*jobs: Job) -> Catalog:
    catalog = Catalog()
    for revision, job in enumerate(jobs, 1):
        catalog.learn(key_of(Job, job.job_id), revision, job)
    return catalog


def job(number: int, environment: str = "lab", queue: str = "default", prompt: str = "Go") -> Job:
    return Job(
        job_id=f"job-{number}",
        name="Job",
        prompt=prompt,
        executor=AgentExecutor(agent_id="idle"),
        environment=environment,
        queue=queue,
        created_at=NOW,
        updated_at=NOW,
        scheduled_from=NOW,
    )


def test_only_jobs_on_another_queue_move() -> None:
    gone = job(4).model_copy(update={"deleted_at": NOW})
    catalog = catalog_of(job(1), job(2, environment="default"), job(3, queue="inside"), gone)
    later = datetime(2026, 3, 3, tzinfo=UTC)

    (write,) = moves(LAB, catalog, later)

    assert (write.key, write.expected) == (key_of(Job, "job-1"), 1)
    assert write.item == job(1).model_copy(update={"queue": "inside", "updated_at": later, "revision": 1})


def test_a_batch_is_bounded_in_number_and_in_bytes() -> None:
    many = catalog_of(*(job(number) for number in range(MOST_AT_ONCE + 1)))
    large = catalog_of(*(job(number, prompt="x" * 60_000) for number in range(100)))

    assert len(moves(LAB, many, NOW)) == MOST_AT_ONCE
    assert len(moves(LAB, large, NOW)) == MOST_BYTES_AT_ONCE // len(
        job(1, prompt="x" * 60_000).model_dump_json()
    )
    assert len(moves(LAB, catalog_of(job(1, prompt="x" * 60_000)), NOW)) == 1
