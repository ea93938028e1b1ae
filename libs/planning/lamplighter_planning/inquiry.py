"""What is known where somebody asks why."""

from dataclasses import dataclass, field
from datetime import datetime

from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.queries import ExecutionRecord, OccurrenceAnswer, OccurrenceRecord
from lamplighter_planning.clock_words import Clock
from lamplighter_planning.timetable import Timetable


@dataclass(frozen=True)
class Inquiry:
    """About the instant `at`, or about the job as it stands. `ledger` has what is recorded around `at`.

    `last` is the newest record of the job, for one who asks about no instant. `execution` is that of the record at
    `at`, or of `last`.
    """

    job: Job
    gate: Gate
    times: Timetable
    now: datetime
    at: datetime | None = None
    ledger: OccurrenceAnswer = field(default_factory=OccurrenceAnswer)
    last: OccurrenceRecord | None = None
    execution: ExecutionRecord | None = None

    @property
    def record(self) -> OccurrenceRecord | None:
        """What the answer is about, where anything is recorded."""
        return self.last if self.at is None else self.ledger.at

    @property
    def clock(self) -> Clock:
        return Clock(self.job.timezone)
