"""Many jobs in one request, stored in a few atomic batches: each item is made, replaced or deleted by itself."""

import asyncio
import json
from datetime import datetime
from http import HTTPStatus
from typing import Any

from litestar import Request, post

from lamplighter_contracts.jobs import Job
from lamplighter_contracts.requests import RequestMade
from lamplighter_gateway.access.authentication import caller_of
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.answers import Wire
from lamplighter_gateway.catalog.requests import Once, made_message, once
from lamplighter_gateway.catalog.store import Outrun
from lamplighter_gateway.gateway import TRIES, Gateway, gateway_of
from lamplighter_gateway.jobs.batches import MOST_AT_ONCE, Gathering, judge, read_items
from lamplighter_gateway.jobs.changes import Jobs
from lamplighter_gateway.jobs.queues import move_each
from lamplighter_gateway.routes.webhook_secrets import made_secret
from lamplighter_gateway.web.bodies import read_key, read_object
from lamplighter_gateway.web.idempotency import REPLAYED, check_same
from lamplighter_gateway.web.problems import Problem
from lamplighter_gateway.web.responses import Answer, answer
from lamplighter_gateway.webhooks.claims import IDEMPOTENCY_KEY

JUDGED_AT_ONCE = 10
"""Items judged before others get their turn."""


@post("/api/v1/jobs:batch", status_code=200, request_max_body_size=None)
async def change_jobs(request: Request[Any, Any, Any]) -> Answer:
    """Make, replace or delete up to 1,000 jobs: `{"jobs": [...]}`, each a job to be made, or `{"op", "job_id",
    "if_match", "job"}`. What becomes of one is nothing to the others; the results stand in the order of the items."""
    gateway, caller = gateway_of(request), caller_of(request)
    body = await read_object(request, gateway.settings.batch_limit_bytes)
    key, path = read_key(request, IDEMPOTENCY_KEY), request.scope["path"]
    asked = once(caller, key, request.method, path, body) if key else None
    run = _Run(gateway, caller, path, read_items(body), asked)
    results = await run.results()
    document = {"results": [{"index": number, **said} for number, said in enumerate(results)]}
    return answer(document, headers=REPLAYED if run.is_repeat else None)


class _Run:
    """One request. Interrupted and repeated under its key, it goes on where it was."""

    def __init__(
        self, gateway: Gateway, caller: Caller, path: str, items: list[Any], asked: Once | None
    ) -> None:
        self._gateway, self._caller, self._path = gateway, caller, path
        self._items, self._asked = items, asked
        self.is_repeat = asked is not None

    async def results(self) -> list[Wire]:
        results: list[Wire] = []
        while len(results) < len(self._items):
            results += await self._part(len(results))
        return results

    async def _part(self, start: int) -> list[Wire]:
        """What is said of the items from `start` on, as many as one batch of the bus takes. Raises `Problem`."""
        part, most = self._asked.part(start) if self._asked else None, MOST_AT_ONCE
        for _ in range(TRIES):
            if part is not None and (made := await self._gateway.requests.find(part)) is not None:
                return self._repeated(part, made)
            gathering = await self._gather(start, most)
            try:
                await self._store(gathering, part)
            except Outrun:
                # Somebody changes the same jobs: what is alone in its batch is in nobody's way.
                most = max(1, most // 8)
                continue
            self.is_repeat = False
            return self._shown(gathering.answers, self._gateway.now())
        raise Problem("conflict", "Others keep changing the same jobs; try again.")

    def _repeated(self, part: Once, made: RequestMade) -> list[Wire]:
        check_same(part, made)
        return self._shown(json.loads(made.answers), made.made_at)

    def _shown(self, answers: list[Wire], made_at: datetime) -> list[Wire]:
        """With the secrets of webhooks, which are derived and on no record: a repeat derives them anew."""
        return [{**said, **self._secret(said, made_at)} for said in answers]

    def _secret(self, said: Wire, made_at: datetime) -> Wire:
        job = self._gateway.catalog.find(Job, said["id"]) if said["status"] == HTTPStatus.CREATED else None
        return made_secret(self._gateway, job, made_at) if job is not None else {}

    async def _gather(self, start: int, most: int) -> Gathering:
        gathering = await self._judge(start, most)
        if doubtful := gathering.doubtful:
            # Another gateway has written meanwhile, perhaps.
            catalog = self._gateway.catalog
            before = [catalog.revision(key) for key in doubtful]
            await self._gateway.store.refresh(doubtful)
            if before != [catalog.revision(key) for key in doubtful]:
                return await self._judge(start, most)
        return gathering

    async def _judge(self, start: int, most: int) -> Gathering:
        gateway, gathering, made = self._gateway, Gathering(most), set[str]()

        def new_id(name: object) -> str:
            while (job_id := gateway.unused_job_id(name)) in made:
                pass
            made.add(job_id)
            return job_id

        for number in range(start, len(self._items)):
            jobs = Jobs(gateway.catalog, gateway.now(), self._caller.name)
            if not gathering.takes(judge(jobs, self._items[number], number, self._path, new_id)):
                break
            if number % JUDGED_AT_ONCE == 0:
                await asyncio.sleep(0)
        return gathering

    async def _store(self, gathering: Gathering, part: Once | None) -> None:
        """Raises `Outrun`, `BusUnavailable`."""
        gateway, writes = self._gateway, gathering.writes
        said = json.dumps(gathering.answers, separators=(",", ":"))
        also = [made_message(part, gateway.now(), "", (), answers=said)] if part else []
        if writes or also:
            await gateway.store.write(writes, self._caller, also)
        await move_each(
            gateway, [write.key.object_id for write in writes if write.key.kind == "jobs"], self._caller
        )


HANDLERS = [change_jobs]
