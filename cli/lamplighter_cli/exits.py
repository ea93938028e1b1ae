"""What can end a command before its time, and the exit code that each becomes."""

from collections.abc import Sequence
from enum import IntEnum


class Exit(IntEnum):
    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    NOT_ALLOWED = 4
    UNAVAILABLE = 5
    INTERRUPTED = 130


BY_STATUS = {
    400: Exit.USAGE,
    401: Exit.NOT_ALLOWED,
    403: Exit.NOT_ALLOWED,
    404: Exit.NOT_FOUND,
    409: Exit.FAILED,
    412: Exit.FAILED,
    413: Exit.USAGE,
    422: Exit.USAGE,
    429: Exit.UNAVAILABLE,
    502: Exit.UNAVAILABLE,
    503: Exit.UNAVAILABLE,
    504: Exit.UNAVAILABLE,
}
"""An HTTP status of the gateway, or of a proxy before it, to an exit code. Any other is FAILED."""

ADVICE = {
    401: "set LAMP_TOKEN or give --token-file",
    403: "use a token with a higher role",
    412: "read it again and repeat the change",
    429: "wait a moment and try again",
    502: "is the gateway behind this address running?",
    503: "try again in a moment",
    504: "try again in a moment",
}


class LampError(Exception):
    """Ends a command; the message says what is wrong and what to do."""

    exit: Exit = Exit.FAILED

    def lines(self) -> list[str]:
        """What to print, each line after `error: `."""
        return [str(self)]


class WrongUse(LampError):
    """The arguments do not make a request."""

    exit = Exit.USAGE


class NotFound(LampError):
    """Nothing here answers to that name."""

    exit = Exit.NOT_FOUND


class Unreachable(LampError):
    """There is no gateway to ask, or it went away."""

    exit = Exit.UNAVAILABLE


class ReaderGone(LampError):
    """Whoever read the answer has seen enough, as `head` has: no fault of anyone's."""

    exit = Exit.OK


class Problem(LampError):
    """The gateway refused, in its own words (RFC 9457). `errors` are pairs of a field and what is wrong with it."""

    def __init__(self, status: int, detail: str, errors: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors = status, detail, tuple(errors)
        self.exit = BY_STATUS.get(status, Exit.FAILED)

    def lines(self) -> list[str]:
        if self.errors:
            return [f"{field}: {problem}" for field, problem in self.errors]
        advice = ADVICE.get(self.status)
        return [f"{self.detail.rstrip('.')} ({advice})" if advice else self.detail]
