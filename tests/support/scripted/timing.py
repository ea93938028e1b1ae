"""The scripted gateway's routes about time: what is due next, why, what was missed, backfills, simulations."""

from typing import Any

from tests.support.scripted.gateway import Asked, Reply, Route, ScriptedGateway, problem

AT_MOST = 100


def _foreseen(gateway: ScriptedGateway, timezone: str, number: int) -> dict[str, Any]:
    return {
        "timezone": timezone,
        "schedule_words": "At 09:00",
        "paused": None,
        "firings": gateway.firings[:number],
    }


def next_firings(gateway: ScriptedGateway, asked: Asked, job: Any) -> Reply:
    found = _foreseen(gateway, job.timezone, int(asked.query["n"]))
    return Reply(200, {"job_id": job.job_id, **found})


def _preview(gateway: ScriptedGateway, asked: Asked) -> Reply:
    return Reply(200, _foreseen(gateway, asked.body.get("timezone", "UTC"), asked.body["n"]))


def why(gateway: ScriptedGateway, asked: Asked, job: Any) -> Reply:
    return Reply(200, {"job_id": job.job_id, "at": asked.query.get("at"), **gateway.explanation})


def plan(gateway: ScriptedGateway, asked: Asked, job: Any) -> Reply:
    return Reply(
        200, {"job_id": job.job_id, "as_of": "2026-03-02T08:30:00Z", "policy": "last", **gateway.plan}
    )


def catch_up(gateway: ScriptedGateway, asked: Asked, job: Any) -> Reply:
    total = len(gateway.plan["recorded"]["fire"])
    return Reply(202, {"job_id": job.job_id, "total": total, **_started(gateway, job, total, asked.body)})


def backfill(gateway: ScriptedGateway, asked: Asked, job: Any) -> Reply:
    answer = {
        "job_id": job.job_id,
        "from": asked.body["from"],
        "to": asked.body["to"],
        "total": len(gateway.firings),
        "max_parallel": asked.body.get("max_parallel", 1),
        "firings": gateway.firings[:AT_MOST],
    }
    if asked.body.get("dry_run"):
        return Reply(200, answer)
    return Reply(202, {**_started(gateway, job, answer["total"], asked.body), **answer})


def _started(gateway: ScriptedGateway, job: Any, fired: int, body: dict[str, Any]) -> dict[str, Any]:
    backfill_id = f"backfill-{len(gateway.backfills) + 1}"
    gateway.backfills.append(
        {
            "id": backfill_id,
            "backfill_id": backfill_id,
            "job_id": job.job_id,
            "phase": "started",
            "from": body.get("from", "2026-03-01T00:00:00Z"),
            "to": body.get("to", "2026-03-02T00:00:00Z"),
            "fired": fired,
            "max_parallel": body.get("max_parallel", 1),
            "requested_at": "2026-03-02T08:30:00Z",
            "requested_by": "cli",
            "ended_at": None,
            "executions": {"completed": 1, "failed": 0, "running": fired - 1},
        }
    )
    return {"backfill_id": backfill_id}


def _list_backfills(gateway: ScriptedGateway, asked: Asked) -> Reply:
    job_id = asked.query.get("job_id")
    found = [one for one in gateway.backfills if job_id in (None, one["job_id"])]
    return Reply(200, found[: int(asked.query["limit"])])


def _on_backfill(gateway: ScriptedGateway, asked: Asked, backfill_id: str) -> Reply:
    found = next((one for one in gateway.backfills if one["id"] == backfill_id), None)
    if found is None:
        return problem(404, f"There is no backfill {backfill_id!r}.")
    if asked.method == "GET":
        return Reply(200, found)
    found["phase"] = "cancelled"
    return Reply(202, {"backfill_id": backfill_id})


ROUTES: list[Route] = [
    ("POST", "/api/v1/schedules/preview", _preview),
    ("GET", "/api/v1/backfills", _list_backfills),
    ("GET", "/api/v1/backfills/([^/]+)", _on_backfill),
    ("POST", "/api/v1/backfills/([^/]+)/cancel", _on_backfill),
    ("POST", "/api/v1/simulations", lambda gateway, asked: Reply(200, gateway.report)),
]
