"""Makes the check of an environment, and tells all dispatchers how it went."""

from collections.abc import Callable
from datetime import datetime

from nats.aio.client import Client

from lamplighter_contracts import subjects
from lamplighter_contracts.environments import CommandCheck, Environment, Readiness, UrlCheck
from lamplighter_contracts.streams import READINESS_TTL
from lamplighter_dispatcher.presence.probes import CommandProbe, UrlProbe
from lamplighter_dispatcher.runners.folders import Folders
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable, Message
from lamplighter_runtime.publishing import publish

log = get_logger()

REASON_LIMIT = 500


class Checker:
    def __init__(self, client: Client, folders: Folders, worker: str, now: Callable[[], datetime]) -> None:
        self._client = client
        self._worker = worker
        self._now = now
        self._command, self._url = CommandProbe(folders), UrlProbe()

    async def check_now(self, environment: Environment) -> Readiness:
        """Never raises: a check that cannot be made leaves the environment not ready. What NATS does not take is
        told with the next one."""
        reason = await self._why_not(environment)
        readiness = Readiness(
            environment_id=environment.environment_id,
            revision=environment.revision,
            ready=not reason,
            reason=" ".join(reason.split())[:REASON_LIMIT],
            checked_at=self._now(),
            worker=self._worker,
        )
        await self._tell(readiness)
        return readiness

    async def _why_not(self, environment: Environment) -> str:
        try:
            match environment.check:
                case CommandCheck() as check:
                    return await self._command.why_not(check, environment)
                case UrlCheck() as check:
                    return await self._url.why_not(check, environment)
                case None:
                    return ""
        except Exception as fault:
            log.exception("check.broken", environment_id=environment.environment_id)
            return f"Its check could not be made: {fault!r}."

    async def _tell(self, readiness: Readiness) -> None:
        log.info(
            "environment.checked",
            environment_id=readiness.environment_id,
            revision=readiness.revision,
            ready=readiness.ready,
            reason=readiness.reason,
        )
        subject, body = subjects.readiness(readiness.environment_id), readiness.model_dump_json().encode()
        try:
            await publish(self._client, Message(subject, body, ttl=READINESS_TTL))
        except BusUnavailable as unavailable:
            log.warning("readiness.not_told", subject=subject, error=repr(unavailable))
