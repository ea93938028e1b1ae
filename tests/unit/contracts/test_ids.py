from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter_contracts import ids

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(INSTANTS, st.text(), st.text())
def test_an_execution_id_is_a_uuid_of_version_7_that_repeats(at: datetime, job_id: str, key: str) -> None:
    made = ids.execution_id(at, job_id, key)

    assert made == ids.execution_id(at, job_id, key)
    assert UUID(made).version == 7
    assert UUID(made).variant == "specified in RFC 4122"
    assert ids.is_execution_id(made)


@given(INSTANTS, st.integers(1, 10**9))
def test_execution_ids_sort_by_time(at: datetime, later_by: int) -> None:
    later = at + timedelta(milliseconds=later_by)
    assert ids.execution_id(at, "a", "x") < ids.execution_id(later, "a", "x")


def test_another_job_or_key_is_another_execution() -> None:
    made = {ids.execution_id(NOON, job, key) for job, key in (("a", "k"), ("b", "k"), ("a", "l"), ("ak", ""))}
    assert len(made) == 4


@pytest.mark.parametrize(
    "text", ["", "x", "*", "a.b", str(UUID(int=1)).upper() + "A", "{" + str(UUID(int=1)) + "}"]
)
def test_anything_else_is_no_execution_id(text: str) -> None:
    assert not ids.is_execution_id(text)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("daily-report", "daily-report-7f3a"),
        ("Midday  Analytics Job!", "midday-analytics-job-7f3a"),
        ("Größe prüfen", "groe-prufen-7f3a"),
        ("毎日", "job-7f3a"),
        ("x" * 200, "x" * 48 + "-7f3a"),
    ],
)
def test_a_job_id_is_readable(name: str, slug: str) -> None:
    assert ids.job_id(name, "7f3a") == slug


@given(st.text())
def test_any_key_fits_a_subject(key: str) -> None:
    token = ids.subject_token(key.encode(errors="replace").decode())
    assert len(token) == 32
    assert token.isalnum()
