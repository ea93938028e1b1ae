"""A task at an A2A agent, as its updates tell it: what it has made, how it stands, how it ended. Pure."""

import json

from a2a.helpers.proto_helpers import get_data_parts, get_text_parts, get_url_parts
from a2a.types import Artifact, Message, Part, StreamResponse, Task, TaskState, TaskStatus

from lamplighter_contracts.reasons import Failed
from lamplighter_dispatcher.outcomes import Completed, Unsuccessful

_OVER = {
    TaskState.TASK_STATE_FAILED: (Failed.AGENT_ERROR, "It says that it failed"),
    TaskState.TASK_STATE_CANCELED: (Failed.AGENT_ERROR, "It was cancelled at the agent"),
    TaskState.TASK_STATE_REJECTED: (Failed.REFUSED, "The agent rejects it"),
    TaskState.TASK_STATE_INPUT_REQUIRED: (
        Failed.AGENT_ERROR,
        "It asks for input, which nobody can give to a run in the background",
    ),
    TaskState.TASK_STATE_AUTH_REQUIRED: (Failed.REFUSED, "The agent asks for another authorization"),
}


class TaskCourse:
    def __init__(self) -> None:
        self.task_id = ""
        self._state: int = TaskState.TASK_STATE_UNSPECIFIED
        self._said = ""
        self._answer: str | None = None
        self._artifacts: dict[str, str] = {}

    @property
    def state(self) -> str:
        """In a word, such as `working`; empty before it is known."""
        name = TaskState.Name(self._state).removeprefix("TASK_STATE_").lower().replace("_", " ")
        return "" if name == "unspecified" else name

    @property
    def is_left(self) -> bool:
        """Whether it may still be at work when we go."""
        return bool(self.task_id) and self._state not in (*_ENDED,)

    def take(self, update: StreamResponse) -> str:
        """What is new in it to say to people."""
        match update.WhichOneof("payload"):
            case "message":
                self._answer = text(update.message)
                return ""
            case "task":
                return self.take_whole(update.task)
            case "status_update":
                self.task_id = update.status_update.task_id
                return self._stands(update.status_update.status)
            case "artifact_update":
                changed = update.artifact_update
                self.task_id = changed.task_id
                before = self._artifacts.get(changed.artifact.artifact_id, "") if changed.append else ""
                self._artifacts[changed.artifact.artifact_id] = before + content(changed.artifact)
        return ""

    def take_whole(self, task: Task) -> str:
        self.task_id = task.id
        self._artifacts.update({artifact.artifact_id: content(artifact) for artifact in task.artifacts})
        return self._stands(task.status)

    def ended(self) -> Completed | Unsuccessful | None:
        """None while it goes on."""
        if self._answer is not None:
            return Completed(self._answer)
        made = "\n".join(filter(None, self._artifacts.values()))
        if self._state == TaskState.TASK_STATE_COMPLETED:
            return Completed(made or self._said)
        if self._state not in _OVER:
            return None
        reason, sentence = _OVER[self._state]  # type: ignore[index]
        return Unsuccessful(reason, f"{sentence}: {self._said}" if self._said else f"{sentence}.", made)

    def _stands(self, status: TaskStatus) -> str:
        said = text(status.message)
        is_new = said and said != self._said
        self._state, self._said = status.state, said or self._said
        return said if is_new else ""


_ENDED = (
    TaskState.TASK_STATE_COMPLETED,
    TaskState.TASK_STATE_FAILED,
    TaskState.TASK_STATE_CANCELED,
    TaskState.TASK_STATE_REJECTED,
)
"""One that asks for something is not over: it waits."""


def text(message: Message) -> str:
    """Its parts, one below the other."""
    return "\n".join(filter(None, map(_part, message.parts)))


def content(artifact: Artifact) -> str:
    """Its parts as one text: those that came one after the other are pieces of it."""
    made = ""
    for part in artifact.parts:
        apart = made and not (part.HasField("text") or made.endswith("\n"))
        made += ("\n" if apart else "") + _part(part)
    return made


def _part(part: Part) -> str:
    """Data is JSON, and a file its address."""
    data = [json.dumps(value, ensure_ascii=False) for value in get_data_parts([part])]
    return "\n".join([*get_text_parts([part]), *data, *get_url_parts([part])])
