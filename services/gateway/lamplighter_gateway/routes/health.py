"""Is it alive, can it work, what does it count; and which version it is."""

from importlib.metadata import version
from typing import Any

from litestar import Request, Response, get
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from lamplighter_gateway.web.responses import Answer, answer
from lamplighter_runtime.health import Health


@get("/healthz", sync_to_thread=False)
def get_health() -> Answer:
    """Whether the process lives."""
    return answer({"status": "ok"})


@get("/readyz", sync_to_thread=False)
def get_readiness(request: Request[Any, Any, Any]) -> Answer:
    """Whether it can work: 503 and what is wrong where it cannot."""
    status, document = _health(request).readiness()
    return answer(document, status.value)


@get("/metrics", sync_to_thread=False)
def get_metrics(request: Request[Any, Any, Any]) -> Answer:
    """What it counts, as Prometheus reads it."""
    _health(request).problems()
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@get("/api/v1/version", sync_to_thread=False)
def get_version() -> Answer:
    """The version of this gateway."""
    return answer({"version": version("lamplighter-gateway")})


def _health(request: Request[Any, Any, Any]) -> Health:
    health = request.app.state["health"]
    assert isinstance(health, Health)
    return health


HANDLERS = [get_health, get_readiness, get_metrics, get_version]
