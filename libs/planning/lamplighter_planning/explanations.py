"""Why a job ran or did not, or will or will not: plain sentences for people, from everything that is known."""

from dataclasses import dataclass
from datetime import datetime

from lamplighter_planning.accounts import account
from lamplighter_planning.inquiry import Inquiry
from lamplighter_planning.outlook import outlook
from lamplighter_planning.silences import silence


@dataclass(frozen=True)
class Explanation:
    """`next_at` is when the schedule fires next, if nothing comes into its way."""

    sentence: str
    next_at: datetime | None


def explain(inquiry: Inquiry) -> Explanation:
    """What happened at the instant and what is next; or what was last, what is next, and what may prevent it."""
    ahead = outlook(inquiry)
    told = account(inquiry, inquiry.record) if inquiry.record is not None else ""
    if inquiry.at is None:
        return Explanation(_joined(told, ahead.sentence, ahead.provisos), ahead.next_at)
    said = told or silence(inquiry, inquiry.at.replace(microsecond=0))
    is_told = bool(ahead.reason) and ahead.reason in said
    return Explanation(_joined(said, "" if is_told else ahead.sentence), ahead.next_at)


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)
