"""What is wrong with something that someone wrote about when a job runs."""

from typing import Literal

Part = Literal["schedule", "timezone", "blackouts", "exclude_dates", "calendars"]
"""The field of a job that holds what is wrong."""


class ScheduleError(ValueError):
    """The schedule cannot be used. `problem` is one full sentence: what is wrong and what is allowed."""

    def __init__(self, field: Part, problem: str) -> None:
        super().__init__(field, problem)
        self.field: Part = field
        self.problem = problem

    def __str__(self) -> str:
        return self.problem
