"""Gives work to an agent that speaks A2A 1.0, where the network rules of its environment allow that."""

import asyncio

import httpx
import httpx2
from a2a.client import AgentCardResolutionError, Client, ClientConfig, create_client
from a2a.client.errors import A2AClientError
from a2a.helpers.proto_helpers import new_data_part, new_text_part
from a2a.types import CancelTaskRequest, GetTaskRequest, Message, Role, SendMessageRequest
from a2a.utils.constants import TransportProtocol
from a2a.utils.errors import A2AError

from lamplighter_contracts import runners
from lamplighter_contracts.executions import LogStream
from lamplighter_contracts.reasons import Failed
from lamplighter_dispatcher.outcomes import Completed, Ended, Unsuccessful
from lamplighter_dispatcher.runners import answers
from lamplighter_dispatcher.runners.a2a_bridge import Bridge
from lamplighter_dispatcher.runners.a2a_task import TaskCourse
from lamplighter_dispatcher.runners.contract import Outfit, Session, Work
from lamplighter_dispatcher.runners.keys import work_key
from lamplighter_dispatcher.runners.patience import until
from lamplighter_dispatcher.stops import Stop
from lamplighter_outbound import Guard, NotAllowed, TooLarge

CANCEL_SECONDS = 5.0
LOOK_SECONDS = 2.0
"""How often a task is looked at whose agent does not tell of it by itself."""
MOST_FAILURES = 5
_TIMEOUT = httpx.Timeout(None, connect=10)
_BINDINGS = [TransportProtocol.JSONRPC.value, TransportProtocol.HTTP_JSON.value]


class A2aRunner:
    def __init__(self, outfit: Outfit) -> None:
        self._grace_seconds = min(outfit.grace_seconds, CANCEL_SECONDS)

    async def run(self, specification: runners.A2aRunner, work: Work, session: Session, stop: Stop) -> Ended:
        headers: dict[str, str] = {}
        if specification.token is not None:
            token = work.secrets.get(specification.token, "").strip()
            if not token.isascii() or not token.isprintable() or not token:
                return Unsuccessful(
                    Failed.REFUSED, f"The secret {specification.token!r} is no token that can be sent."
                )
            headers["authorization"] = f"Bearer {token}"
        try:
            bridge = Bridge(Guard(work.network), httpx2.URL(specification.url), headers)
        except httpx2.InvalidURL as invalid:
            return Unsuccessful(Failed.REFUSED, f"The address of the agent is none: {invalid}.")
        async with httpx.AsyncClient(transport=bridge, timeout=_TIMEOUT, trust_env=False) as client:
            talk = Conversation(client, specification.url, work, session)
            try:
                return await until(talk.go(), stop)
            finally:
                await talk.cancel(self._grace_seconds)


class Conversation:
    """One piece of work at one agent."""

    def __init__(self, http: httpx.AsyncClient, url: str, work: Work, session: Session) -> None:
        self._http = http
        self._url = url
        self._work = work
        self._session = session
        self._client: Client | None = None
        self._course = TaskCourse()
        self._step: tuple[str, int] | None = None

    async def go(self) -> Ended:
        """Whatever happens is an end."""
        try:
            config = ClientConfig(httpx_client=self._http, supported_protocol_bindings=_BINDINGS)
            self._client = await create_client(self._url, config)
            await self._listen(self._client)
            return await self._look(self._client)
        except (A2AError, httpx.HTTPError, ValueError) as error:
            return self._failed(error)
        finally:
            await self._stand("")

    async def cancel(self, seconds: float) -> None:
        """Tell the agent, where its task may still be at work."""
        if self._client is None or not self._course.is_left:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._client.cancel_task(CancelTaskRequest(id=self._course.task_id))
        except (A2AError, httpx.HTTPError, ValueError, TimeoutError) as error:
            said = self._session.mask(str(error)) or "it did not answer in time"
            await self._session.write(
                LogStream.SYSTEM, f"The agent could not be told to stop: {said}\n".encode()
            )

    async def _listen(self, client: Client) -> None:
        try:
            async for update in client.send_message(SendMessageRequest(message=_message(self._work))):
                await self._tell(self._course.take(update))
                if self._course.ended() is not None:
                    return
        except (A2AClientError, httpx.TransportError) as error:
            # The task lives on without its stream: what became of it is looked up.
            if not self._course.task_id or _find(error, NotAllowed, TooLarge):
                raise

    async def _look(self, client: Client) -> Ended:
        failures = 0
        while True:
            ended = self._course.ended()
            if ended is not None:
                return self._masked(ended)
            if not self._course.task_id:
                return Unsuccessful(
                    Failed.UNAVAILABLE, f"The agent at {self._url!r} ended its answer without a result."
                )
            await asyncio.sleep(LOOK_SECONDS if failures else 0)
            try:
                task = await client.get_task(GetTaskRequest(id=self._course.task_id))
            except (A2AClientError, httpx.TransportError):
                failures += 1
                if failures >= MOST_FAILURES:
                    raise
                continue
            failures = 0
            await self._tell(self._course.take_whole(task))
            if self._course.ended() is None:
                await asyncio.sleep(LOOK_SECONDS)

    async def _tell(self, said: str) -> None:
        if said:
            await self._session.write(LogStream.STDOUT, f"{said}\n".encode(errors="replace"))
        await self._stand(self._course.state)

    async def _stand(self, state: str) -> None:
        """A step for each state that it is in, one after the other."""
        if self._step is not None and self._step[0] != state:
            await self._session.end(self._step[1])
            self._step = None
        if state and self._step is None:
            self._step = state, await self._session.begin("progress", state)

    def _masked(self, ended: Completed | Unsuccessful) -> Ended:
        mask = self._session.mask
        if isinstance(ended, Completed):
            return Completed(mask(ended.result))
        return Unsuccessful(ended.reason, mask(ended.detail), mask(ended.result))

    def _failed(self, error: Exception) -> Unsuccessful:
        said = self._session.mask(str(error))
        if known := _find(error, NotAllowed):
            return Unsuccessful(Failed.REFUSED, self._session.mask(str(known)))
        if known := _find(error, TooLarge):
            return Unsuccessful(Failed.AGENT_ERROR, str(known))
        status = _find(error, httpx.HTTPStatusError)
        if isinstance(status, httpx.HTTPStatusError):
            return answers.rejection(status.response.status_code, status.request.url.host, "", None)
        if _find(error, httpx.TransportError):
            return Unsuccessful(
                Failed.UNAVAILABLE, f"The agent at {self._url!r} could not be reached, or broke off: {said}."
            )
        if isinstance(error, AgentCardResolutionError):
            return Unsuccessful(
                Failed.AGENT_ERROR, f"The agent's card at {self._url!r} cannot be read: {said}"
            )
        return Unsuccessful(
            Failed.AGENT_ERROR, f"The agent at {self._url!r} answered what makes no sense: {said}"
        )


def _message(work: Work) -> Message:
    """The prompt as text; what is data, and what earlier attempts did, as parts of their own."""
    parts = [new_text_part(work.prompt)]
    if work.payload is not None:
        parts.append(new_data_part({"payload": work.payload}))
    if work.done:
        parts.append(new_data_part({"done": list(work.done)}))
    message = Message(message_id=work_key(work), role=Role.ROLE_USER, parts=parts)
    message.metadata.update(
        {"execution_id": work.execution_id, "job_id": work.job_id, "attempt": work.attempt}
    )
    return message


def _find(error: BaseException | None, *kinds: type[Exception]) -> BaseException | None:
    """The error of one of the kinds among it and its causes."""
    while error is not None and not isinstance(error, kinds):
        error = error.__cause__ or error.__context__
    return error
