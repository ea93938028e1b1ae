"""How much output of one execution is kept: so much a second, and so much in all. Pure; time is an argument."""

from dataclasses import dataclass
from enum import StrEnum

MIB = 1 << 20
BYTES_A_SECOND = 1 * MIB
BYTES_IN_ALL = 10 * MIB
LINE_OVERHEAD = 32
"""What a line costs beside its bytes, so that a flood of empty lines is bounded too."""


class Refusal(StrEnum):
    RATE = "rate"
    TOTAL = "total"
    STORE = "store"
    """The log could not be stored as fast as it came."""


def cost(chunk: bytes) -> int:
    return len(chunk) + LINE_OVERHEAD * chunk.count(b"\n")


@dataclass
class Allowance:
    """A token bucket of one second's worth, and a total.

    A chunk is kept whole or not at all; one that overdraws the bucket is paid for by the next ones. An empty
    bucket refuses until it is half full again, so that a flood shows as a few gaps and not as thousands.
    """

    filled_at: float
    tokens: float = BYTES_A_SECOND
    kept: int = 0
    refusing: bool = False

    def admit(self, size: int, now: float) -> Refusal | None:
        """None where the chunk is kept."""
        if self.kept >= BYTES_IN_ALL:
            return Refusal.TOTAL
        self.tokens = min(BYTES_A_SECOND, self.tokens + (now - self.filled_at) * BYTES_A_SECOND)
        self.filled_at = now
        if self.tokens < (BYTES_A_SECOND / 2 if self.refusing else 1):
            self.refusing = True
            return Refusal.RATE
        self.refusing = False
        self.tokens -= size
        self.kept += size
        return None


def marker(refusal: Refusal, lines: int, size: int) -> str:
    """What the log says in the place of what was left out."""
    what = f"{lines:,} lines ({size:,} bytes) are left out here"
    match refusal:
        case Refusal.RATE:
            return f"{what}: more than {BYTES_A_SECOND // MIB} MiB a second"
        case Refusal.TOTAL:
            return f"{what}: {BYTES_IN_ALL // MIB} MiB is the most that is kept of one execution"
        case Refusal.STORE:
            return f"{what}: they could not be stored as fast as they came"


END_MARKER = f"the log stops here: {BYTES_IN_ALL // MIB} MiB is the most that is kept of one execution"
