"""What MongoDB is asked for a range of the ledger."""

import pytest

from lamplighter_contracts.events import Outcome
from lamplighter_contracts.queries import ListOccurrences
from lamplighter_history.cursors import InvalidQuery, Place, cursor_after_place
from lamplighter_history.filters.occurrences import FIRST, NOMINAL, listed
from tests.support.happenings import JOB, at, execution

PLACE = Place(at(5), execution(5))
CURSOR = cursor_after_place(PLACE)
BEYOND = {"$nor": [{NOMINAL: at(5), "_id": {"$gte": execution(5)}}]}


def test_the_whole_ledger_of_a_job() -> None:
    assert listed(ListOccurrences(job_id=JOB)) == {"job_id": JOB}


def test_from_an_instant_on() -> None:
    assert listed(ListOccurrences(job_id=JOB, from_at=at(1))) == {"job_id": JOB, NOMINAL: {"$gte": at(1)}}


def test_a_range_has_what_is_in_it_and_what_reaches_into_it() -> None:
    query = ListOccurrences(job_id=JOB, from_at=at(1), until_at=at(9), outcomes=(Outcome.MISSED,))
    both = {"job_id": JOB, "ruling.outcome": {"$in": ["missed"]}}
    assert listed(query) == {
        "$or": [
            both | {NOMINAL: {"$gte": at(1), "$lt": at(9)}},
            both | {NOMINAL: {"$gte": at(9)}, FIRST: {"$lt": at(9)}},
        ]
    }


@pytest.mark.parametrize("until", [None, 6])
def test_a_page_goes_on_after_its_cursor(until: int | None) -> None:
    query = ListOccurrences(job_id=JOB, cursor=CURSOR, until_at=at(until) if until is not None else None)
    assert listed(query) == {"job_id": JOB, NOMINAL: {"$lte": at(5)}} | BEYOND


@pytest.mark.parametrize("until", [5, 3])
def test_a_page_may_still_be_of_what_reaches_into_the_range(until: int) -> None:
    inside = {"job_id": JOB, NOMINAL: {"$lt": at(until)}}
    reaching = {"job_id": JOB, NOMINAL: {"$lte": at(5), "$gte": at(until)}, FIRST: {"$lt": at(until)}}
    query = ListOccurrences(job_id=JOB, until_at=at(until), cursor=CURSOR)
    assert listed(query) == {"$or": [inside, reaching]} | BEYOND


@pytest.mark.parametrize("until", [0, 1])
def test_a_range_without_an_inside_is_refused(until: int) -> None:
    with pytest.raises(InvalidQuery, match="has to come after"):
        listed(ListOccurrences(job_id=JOB, from_at=at(1), until_at=at(until)))
