"""What is wrong with the times of a job, and with its prompt. What was there before, and is only passed on, stays."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.jobs import JobSpec
from lamplighter_contracts.problems import FieldError
from lamplighter_gateway.jobs.wanted import Wanted
from lamplighter_gateway.web.instants import STRANGE, is_strange
from lamplighter_planning.forecast import left_out_for_good
from lamplighter_planning.timetable import Timetable
from lamplighter_prompts import PromptError, check_prompt
from lamplighter_schedules import (
    ScheduleError,
    check_future,
    just_before,
    next_after,
    parse,
    parse_blackout,
    parse_dates,
)

_FIELDS = {"date": "exclude_dates", "blackout": "blackouts", "calendar": "calendars"}


def check_times(wanted: Wanted, before: Wanted, now: datetime) -> Iterator[FieldError]:
    """Field by field. `before` is what is there now."""
    yield from _check_schedules(wanted, before, now)
    yield from _check_texts(parse_dates, wanted.exclude_dates)
    yield from _check_texts(parse_blackout, wanted.blackouts)
    yield from _check_window(wanted, before, now)


def check_wording(wanted: Wanted, before: Wanted) -> Iterator[FieldError]:
    if (wanted.prompt, wanted.variables) == (before.prompt, before.variables):
        return
    try:
        check_prompt(wanted.prompt, wanted.variables)
    except PromptError as error:
        yield FieldError(field="prompt", problem=error.problem)


def _check_schedules(wanted: Wanted, before: Wanted, now: datetime) -> Iterator[FieldError]:
    known = before.schedules if wanted.timezone == before.timezone else ()

    def read(expression: str) -> None:
        schedule = parse(expression, wanted.timezone, seconds=wanted.seconds)
        if expression not in known:
            check_future(schedule, now)

    # Without a schedule the zone is still read, so that a wrong one does not wait for the schedule to come.
    yield from _check_texts(read, wanted.schedules or ("0 * * * *",))


def _check_texts(read: Callable[[str], object], texts: Iterable[str]) -> Iterator[FieldError]:
    """Each problem once: of a wrong zone every schedule complains."""
    seen: set[str] = set()
    for text in texts:
        try:
            read(text)
        except ScheduleError as error:
            if error.problem not in seen:
                yield FieldError(field=error.field, problem=error.problem)
            seen.add(error.problem)


def _check_window(wanted: Wanted, before: Wanted, now: datetime) -> Iterator[FieldError]:
    starts_at, ends_at = wanted.starts_at, wanted.ends_at
    if (starts_at, ends_at) == (before.starts_at, before.ends_at):
        return
    strange = [name for name in ("starts_at", "ends_at") if is_strange(getattr(wanted, name))]
    yield from (FieldError(field=name, problem=STRANGE) for name in strange)
    if ends_at is None or strange:
        return
    if starts_at is not None and ends_at <= starts_at:
        later = rfc3339(starts_at + timedelta(days=1))
        yield FieldError(field="ends_at", problem=f"must be after 'starts_at', such as '{later}'")
    elif ends_at <= now:
        later = rfc3339(now.replace(microsecond=0) + timedelta(days=1))
        yield FieldError(field="ends_at", problem=f"is past: write a time to come, such as '{later}'")


def check_reach(spec: JobSpec, times: Timetable, now: datetime) -> Iterator[FieldError]:
    """Of fields that are right one by one: whether they leave the schedule anything at all."""
    if not spec.schedules:
        return
    if times.next_after(now) is None:
        yield from _check_reach_of_window(times, now)
        return
    if (left_out := left_out_for_good(times, now)) is not None:
        at, removal = left_out
        field = _FIELDS[removal.reason]
        own = {"exclude_dates": spec.exclusions.dates, "blackouts": spec.exclusions.blackouts}
        own["calendars"] = spec.exclusions.calendars
        problem = (
            f"leaves no time to run: of all that is due, the first is {rfc3339(at)}, and {removal.detail}"
        )
        yield FieldError(
            field=field if own[field] else "environment",
            problem=f"{problem}; leave out less, or change the schedule",
        )


def _check_reach_of_window(times: Timetable, now: datetime) -> Iterator[FieldError]:
    starts_at, ends_at = times.window.starts_at, times.window.ends_at
    following = next_after(times.schedules, now)
    if following is None:
        # Only times that are past, and were there before.
        return
    first = next_after(times.schedules, max(now, just_before(starts_at))) if starts_at else following
    if first is None:
        problem = f"leaves nothing to run: the last time of the schedule before it is {rfc3339(following)}"
        yield FieldError(field="starts_at", problem=problem)
    elif ends_at is not None:
        problem = f"leaves nothing to run: the first time of the schedule is {rfc3339(first)}; end after it"
        yield FieldError(field="ends_at", problem=problem)
