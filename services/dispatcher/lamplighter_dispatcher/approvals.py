"""Approvals: which exact action one is for, which there are of an execution, and what an answer does. Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from lamplighter_contracts.events import Firing
from lamplighter_contracts.executions import Approval, ApprovalState
from lamplighter_dispatcher.runners.contract import LimitReached

MOST_BYTES = 256 * 1024
"""Of all approvals of an execution: each of its statuses tells them all, in one message."""
NOTE_BYTES = 4_000
"""What the answer to one that is pending may add."""
SUMMARY_LIMIT, ARGUMENTS_LIMIT = 200, 4_000


def action_hash(*parts: JsonValue) -> str:
    """SHA-256 over the canonical JSON of `parts`: whatever differs in the action makes another hash."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def tool_action(execution_id: str, agent_id: str, tool: str, arguments: Mapping[str, JsonValue]) -> str:
    return action_hash("tool", execution_id, agent_id, tool, dict(arguments))


def start_action(
    job_id: str, revision: int, prompt: str, executor: JsonValue, environment: str, firing: Firing
) -> str:
    """What it is started with is part of it; of a body that is too large for a message, the digest stands for it."""
    payload = {"sha256": firing.body.sha256} if firing.body else firing.payload
    return action_hash("execution", job_id, revision, prompt, executor, environment, payload)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be approved, for people: without secrets."""

    action: str
    """Its hash."""
    summary: str
    reason: str
    tool: str = ""
    arguments: str = ""
    agent_id: str = ""


class ApprovalBook:
    """The approvals of one execution. An answer holds for one exact action, once."""

    def __init__(self, execution_id: str, before: Iterable[Approval] = ()) -> None:
        self._execution_id = execution_id
        self._all = list(before)

    @property
    def all(self) -> tuple[Approval, ...]:
        return tuple(self._all)

    def use(self, action: str) -> Approval | None:
        """The answer to this action, which is used up by that; None where there is none yet."""
        for place, approval in enumerate(self._all):
            if approval.action_hash == action and not approval.used and _is_answered(approval):
                self._all[place] = approval.model_copy(update={"used": True})
                return approval
        return None

    def find(self, action: str) -> Approval | None:
        """The answer to this action, which goes on holding."""
        return next((one for one in self._all if one.action_hash == action and _is_answered(one)), None)

    def ask(self, asked: Asked, now: datetime, deadline: datetime) -> Approval:
        """The approval that this action waits for: made, or asked for before. Raises `LimitReached` where there have
        been too many."""
        for approval in self._all:
            if approval.action_hash == asked.action and approval.state is ApprovalState.PENDING:
                return approval
        approval = Approval(
            approval_id=f"{self._execution_id}-{len(self._all) + 1}",
            action="tool" if asked.tool else "execution",
            action_hash=asked.action,
            summary=asked.summary[:SUMMARY_LIMIT],
            tool=asked.tool,
            arguments=asked.arguments[:ARGUMENTS_LIMIT],
            agent_id=asked.agent_id,
            reason=asked.reason[:ARGUMENTS_LIMIT],
            requested_at=now,
            deadline_at=deadline,
        )
        if sum(_size(one) for one in (*self._all, approval)) > MOST_BYTES:
            asked_for = f"This execution has asked for {len(self._all):,} approvals"
            raise LimitReached("approvals", f"{asked_for}, and there is no room for another.")
        self._all.append(approval)
        return approval


def answered(
    approvals: tuple[Approval, ...], approval_id: str, state: ApprovalState, by: str, note: str, now: datetime
) -> tuple[Approval, ...]:
    """With one of them answered."""
    update = {"state": state, "answered_at": now, "answered_by": by, "note": note}
    return tuple(
        one.model_copy(update=update) if one.approval_id == approval_id else one for one in approvals
    )


def expired(approvals: tuple[Approval, ...], now: datetime) -> tuple[Approval, ...]:
    """With those that nobody answered denied by that."""
    return _closed(approvals, ApprovalState.EXPIRED, now)


def unanswered_cancelled(approvals: tuple[Approval, ...], now: datetime) -> tuple[Approval, ...]:
    return _closed(approvals, ApprovalState.CANCELLED, now)


def for_another_attempt(approvals: tuple[Approval, ...]) -> tuple[Approval, ...]:
    """An attempt that begins anew asks anew for each call: nobody knows which ones of before were made."""
    return tuple(one.model_copy(update={"used": True}) if one.action == "tool" else one for one in approvals)


def refusal(approval: Approval) -> str:
    """Why an action that was asked for is not allowed."""
    if approval.state is ApprovalState.EXPIRED:
        return f"nobody approved it until {approval.deadline_at:%Y-%m-%d %H:%M:%S} UTC, which is a denial"
    note = f": {approval.note}" if approval.note else ""
    return f"{approval.answered_by or 'somebody'} denied it{note}"


def _closed(approvals: tuple[Approval, ...], state: ApprovalState, now: datetime) -> tuple[Approval, ...]:
    update = {"state": state, "answered_at": now}
    return tuple(
        one.model_copy(update=update) if one.state is ApprovalState.PENDING else one for one in approvals
    )


def _size(approval: Approval) -> int:
    note = NOTE_BYTES if approval.state is ApprovalState.PENDING else 0
    return len(approval.model_dump_json().encode()) + note


def _is_answered(approval: Approval) -> bool:
    return approval.state in (ApprovalState.APPROVED, ApprovalState.DENIED, ApprovalState.EXPIRED)
