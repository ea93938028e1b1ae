"""What belongs to one project is in no list of another; what is of before there were projects is in the default one."""

from typing import Any

from nats.aio.client import Client
from pymongo import MongoClient

from lamplighter_contracts.bodies import BodyReference
from lamplighter_contracts.events import Delivery, Firing, JobDue, TriggerKind, Trust
from lamplighter_contracts.queries import (
    ApprovalPage,
    BackfillPage,
    ChoicePage,
    ExecutionPage,
    ListApprovals,
    ListBackfills,
    ListChoices,
    ListExecutions,
    ListOccurrences,
    OccurrencePage,
)
from tests.service.history.conftest import History, has_reached_mongodb, running_history
from tests.support.happenings import (
    JOB,
    NOON,
    at,
    backfill,
    chosen,
    due,
    execution,
    happen,
    queued,
    skipped,
    started,
    waiting,
)
from tests.support.servers import Server
from tests.support.waiting import until

PAYMENTS = ("payments",)


def of_payments(event: JobDue) -> JobDue:
    return event.model_copy(update={"job": event.job.model_copy(update={"project": "payments"})})


async def lists(history: History, projects: tuple[str, ...] | None) -> dict[str, list[tuple[str, str]]]:
    """What each list has, by project."""
    executions = await history.asked(ListExecutions(projects=projects), ExecutionPage)
    occurrences = await history.asked(ListOccurrences(projects=projects), OccurrencePage)
    backfills = await history.asked(ListBackfills(projects=projects), BackfillPage)
    approvals = await history.asked(ListApprovals(projects=projects), ApprovalPage)
    choices = await history.asked(ListChoices(projects=projects, since=NOON), ChoicePage)
    return {
        "executions": [(one.project, one.execution_id) for one in executions.executions],
        "occurrences": [(one.project, one.execution_id) for one in occurrences.occurrences],
        "backfills": [(one.project, one.backfill_id) for one in backfills.backfills],
        "approvals": [(one.project, one.execution_id) for one in approvals.approvals],
        "choices": [(one.project, one.execution_id) for one in choices.choices],
    }


async def test_every_list_keeps_to_the_projects_that_are_asked_for(history: History) -> None:
    told = {"project": "payments"}
    waits, refused = queued(3).model_copy(update=told), skipped(4).model_copy(update=told)
    await happen(history.bus, due(1), of_payments(due(2)), waits, refused)
    await happen(history.bus, backfill(), backfill(backfill_id="theirs", project="payments"))
    await happen(history.bus, *(waiting(n) for n in (1, 2)), *(chosen(of=n) for n in (1, 2)))
    await history.until_all_is_recorded()
    theirs = {
        "executions": [("payments", execution(n)) for n in (3, 2)],
        "occurrences": [("payments", execution(n)) for n in (4, 3, 2)],
        "backfills": [("payments", "theirs")],
        "approvals": [("payments", execution(2))],
        "choices": [("payments", execution(2))],
    }
    ours = {
        "executions": [("default", execution(1))],
        "occurrences": [("default", execution(1))],
        "backfills": [("default", "fill-1")],
        "approvals": [("default", execution(1))],
        "choices": [("default", execution(1))],
    }
    assert await lists(history, PAYMENTS) == theirs
    assert await lists(history, ("default",)) == ours
    assert await lists(history, ("none",)) == {name: [] for name in ours}
    everything = await lists(history, None)
    assert {name: sorted(found) for name, found in everything.items()} == {
        name: sorted(ours[name] + theirs[name]) for name in ours
    }


async def test_one_of_which_nobody_knows_the_project_is_in_nobodys_reach(history: History) -> None:
    """Its due event has not come: it is not taken for one of the default project meanwhile."""
    await happen(history.bus, started(1))
    await history.until_all_is_recorded()
    assert await lists(history, ("default",)) == {name: [] for name in await lists(history, ())}
    record = await history.execution(execution(1))
    assert record is not None
    assert record.project == ""


async def test_what_is_of_before_there_were_projects_is_in_the_default_one(
    bus: Client, nats_server: Server, mongodb_url: str
) -> None:
    async with running_history(bus, nats_server.url, mongodb_url) as before:
        await until(lambda: has_reached_mongodb(before), what="the first answer of MongoDB")
        await happen(bus, due(1), queued(2), skipped(3), backfill())
        await happen(bus, started(4))
        await before.until_all_is_recorded()
        with MongoClient[dict[str, Any]](mongodb_url) as client:
            database = client.get_database()
            for name in ("executions", "occurrences", "backfills"):
                database[name].update_many({}, {"$unset": {"project": ""}})
        assert (await lists(before, ("default",)))["executions"] == []

    async with running_history(bus, nats_server.url, mongodb_url) as after:
        await until(lambda: has_reached_mongodb(after), what="the first answer of MongoDB")

        async def told() -> bool:
            return (await lists(after, ("default",)))["backfills"] != []

        await until(told, what="the saying of the project")
        assert await lists(after, ("default",)) == {
            "executions": [("default", execution(n)) for n in (2, 1)],
            "occurrences": [("default", execution(n)) for n in (3, 2, 1)],
            "backfills": [("default", "fill-1")],
            "approvals": [],
            "choices": [],
        }


async def test_a_firing_says_whether_it_is_to_be_trusted_and_where_its_payload_is(history: History) -> None:
    body = BodyReference(name="large", size=300_000, sha256="00" * 32, content_type="application/json")
    outside = Firing(
        kind=TriggerKind.WEBHOOK,
        key="1",
        nominal_at=at(1),
        body=body,
        delivery=Delivery(provider="github", delivery_id="guid"),
    )
    await happen(history.bus, due(0), due(1).model_copy(update={"firing": outside}))
    await history.until_all_is_recorded()
    page = await history.asked(ListExecutions(job_id=JOB), ExecutionPage)
    firings = [one.firing for one in page.executions if one.firing is not None]
    assert [(one.trust, one.body) for one in firings] == [(Trust.EXTERNAL, body), (Trust.INTERNAL, None)]
    ledger = await history.asked(ListOccurrences(job_id=JOB), OccurrencePage)
    assert [one.firing.trust for one in ledger.occurrences] == [Trust.EXTERNAL, Trust.INTERNAL]
