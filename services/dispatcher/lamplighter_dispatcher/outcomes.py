"""How a run went, as one value: from how its process ended and why it was stopped. Pure."""

import signal
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from pydantic import JsonValue

from lamplighter_contracts.executions import Approval, ExecutionStatus, FinalStatus

DETAIL_LIMIT = 1_000
RESULT_LIMIT = 32_768


class StopReason(StrEnum):
    """Why a run is stopped before its own end."""

    TIMEOUT = "timeout"
    CANCEL = "cancel"
    SUPERSEDED = "superseded"
    """Another attempt holds the execution: whatever this one still does is wrong."""
    LEASE = "lease"
    """NATS was out of reach for a whole lease: another attempt may have begun."""
    SHUTDOWN = "shutdown"

    @property
    def at_once(self) -> bool:
        """Without a grace time."""
        return self in (StopReason.SUPERSEDED, StopReason.LEASE, StopReason.SHUTDOWN)


@dataclass(frozen=True, slots=True)
class Exited:
    code: int
    result: str = ""


@dataclass(frozen=True, slots=True)
class Killed:
    """Ended by a signal."""

    number: int
    result: str = ""


@dataclass(frozen=True, slots=True)
class NotStarted:
    """`detail` says why, as the rest of "It could not be started: "."""

    detail: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The runner itself failed; nobody knows how the work went."""

    detail: str


@dataclass(frozen=True, slots=True)
class Completed:
    """The agent says that the work is done."""

    result: str = ""


@dataclass(frozen=True, slots=True)
class Unsuccessful:
    """The work is over and not done. `reason` is a word of `Failed`, or `limit: ...`; `detail` a whole sentence."""

    reason: str
    detail: str
    result: str = ""
    """What was done until then."""
    retry_after_seconds: float | None = None
    """Where whoever refused said when to come again."""


@dataclass(frozen=True, slots=True)
class Waits:
    """It cannot go on without a person's word. `state` is what the runner needs to go on, as JSON."""

    state: JsonValue
    approvals: tuple[Approval, ...]


Ended = Exited | Killed | NotStarted | Broken | Completed | Unsuccessful | Waits
"""How a runner came to its end, whatever made it end."""


@dataclass(frozen=True, slots=True)
class Final:
    """The execution is over, and how."""

    status: FinalStatus
    reason: str = ""
    detail: str = ""
    exit_code: int | None = None
    result: str = ""
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Parked:
    """It goes on once a person has answered."""

    state: JsonValue
    approvals: tuple[Approval, ...]


@dataclass(frozen=True, slots=True)
class HandedBack:
    """This dispatcher leaves; another takes the next attempt."""


@dataclass(frozen=True, slots=True)
class Fenced:
    """The execution is not this worker's any more: it writes nothing."""


Outcome = Final | Parked | HandedBack | Fenced


@dataclass(frozen=True, slots=True)
class LogEnd:
    """How the log of an attempt ended: its last batch is stored at `sequence`, `lost` lines are not stored."""

    lines: int = 0
    sequence: int = 0
    lost: int = 0
    batches: int = 0


def outcome(ended: Ended, stopped: StopReason | None, timeout_seconds: int) -> Outcome:
    """A stop outweighs how the process took it."""
    match stopped:
        case None:
            return _parked(ended) if isinstance(ended, Waits) else _by_itself(ended)
        case StopReason.TIMEOUT:
            detail = f"It ran longer than the {timeout_seconds} seconds it may take, and was stopped."
            return Final(ExecutionStatus.FAILED, "timeout", detail, _exit_code(ended), _result(ended))
        case StopReason.CANCEL:
            return cancelled("", _exit_code(ended), _result(ended))
        case StopReason.SUPERSEDED | StopReason.LEASE:
            return Fenced()
        case StopReason.SHUTDOWN:
            return HandedBack()
        case _:
            assert_never(stopped)


def cancelled(by: str, exit_code: int | None = None, result: str = "") -> Final:
    """The end of a run that somebody cancelled, with what it had produced."""
    detail = f"It was cancelled by {by}." if by else "It was cancelled."
    return Final(ExecutionStatus.CANCELLED, "cancelled", detail[:DETAIL_LIMIT], exit_code, result)


def failed(reason: str, detail: str) -> Final:
    return Final(ExecutionStatus.FAILED, reason, detail[:DETAIL_LIMIT])


def blocked(reason: str, detail: str) -> Final:
    """It never began."""
    return Final(ExecutionStatus.BLOCKED, reason, detail[:DETAIL_LIMIT])


def of_member(final: Final, agent_id: str, number: int, total: int) -> Final:
    """The end of a team's run, where one of its members did not complete."""
    detail = f"The member {agent_id!r}, {number} of {total}, did not complete. {final.detail}"
    return replace(final, detail=detail[:DETAIL_LIMIT])


def _parked(waits: Waits) -> Outcome:
    if waits.approvals:
        return Parked(waits.state, waits.approvals)
    return _by_itself(Broken("its runner waits for an approval, and names none"))


def _by_itself(ended: Exited | Killed | NotStarted | Broken | Completed | Unsuccessful) -> Final:
    match ended:
        case Completed(result):
            return Final(ExecutionStatus.COMPLETED, result=shortened(result))
        case Unsuccessful(reason, detail, result, retry_after):
            said = shortened(result)
            return Final(ExecutionStatus.FAILED, reason, detail[:DETAIL_LIMIT], None, said, retry_after)
        case Exited(0, result):
            return Final(ExecutionStatus.COMPLETED, exit_code=0, result=shortened(result))
        case Exited(code, result):
            detail = f"It ended with exit code {code}."
            return Final(ExecutionStatus.FAILED, "exit_code", detail, code, result)
        case Killed(number, result):
            detail = f"It was ended by {_signal_name(number)}."
            return Final(ExecutionStatus.FAILED, "exit_code", detail, _exit_code(ended), result)
        case NotStarted(detail):
            return failed("start", f"It could not be started: {detail}.")
        case Broken(detail):
            return failed("runner", f"The dispatcher could not run it: {detail}.")
        case _:
            assert_never(ended)


def _exit_code(ended: Ended) -> int | None:
    """As a shell would give it: 128 and the number for a signal."""
    match ended:
        case Exited(code):
            return code
        case Killed(number):
            return 128 + number
        case _:
            return None


def _result(ended: Ended) -> str:
    if isinstance(ended, Exited | Killed | Completed | Unsuccessful):
        return shortened(ended.result)
    return ""


def shortened(result: str) -> str:
    """A result travels in one message, and in the prompt of the next run."""
    if len(result) <= RESULT_LIMIT:
        return result
    return f"{result[:RESULT_LIMIT]}\n[cut: it has {len(result):,} characters]"


def _signal_name(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    known = {
        signal.SIGXCPU: " (it used more processor time than its agent allows)",
        signal.SIGXFSZ: " (it wrote a larger file than its agent allows)",
        signal.SIGKILL: " (by hand, or because the machine ran out of memory)",
    }
    return name + known.get(signal.Signals(number), "") if name.startswith("SIG") else name
