"""What lies around a job in the catalog, and the timetable that it makes of the job's schedules."""

from lamplighter_contracts.calendars import Calendar
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.jobs import Job, JobSpec
from lamplighter_gateway.catalog.contents import Catalog
from lamplighter_gateway.web.problems import Problem
from lamplighter_planning.timetable import Surroundings, Timetable, own_surroundings, timetable
from lamplighter_schedules import ScheduleError


def surroundings(job: JobSpec, catalog: Catalog) -> Surroundings:
    environment = catalog.find(Environment, job.environment)
    named = {*job.exclusions.calendars, *(environment.exclusions.calendars if environment else ())}
    return own_surroundings(job, environment, {name: catalog.find(Calendar, name) for name in named})


def legible_times(job: Job, catalog: Catalog) -> Timetable:
    """Raises `Problem`, where another version has stored a schedule that this one cannot read."""
    try:
        return timetable(job, job.job_id, surroundings(job, catalog))
    except ScheduleError as error:
        detail = f"The schedule of {job.job_id!r} cannot be read: {error.problem} Change it first."
        raise Problem("conflict", detail) from error


def times_of(job: Job, catalog: Catalog) -> Timetable | None:
    """None where the schedule cannot be read: here it never fires."""
    try:
        return legible_times(job, catalog)
    except Problem:
        return None
