"""Problems to exit codes."""

import pytest

from lamplighter_cli.exits import Exit, Problem


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, 2),
        (413, 2),
        (422, 2),
        (404, 3),
        (401, 4),
        (403, 4),
        (503, 5),
        (409, 1),
        (412, 1),
        (405, 1),
        (500, 1),
    ],
)
def test_every_problem_has_its_exit_code(status: int, code: int) -> None:
    assert Problem(status, "Something.").exit == Exit(code)


def test_field_errors_stand_in_their_own_lines() -> None:
    errors = [("schedule", "is not a cron expression"), ("timezone", "is not known")]
    assert Problem(422, "Two fields are wrong.", errors).lines() == [
        "schedule: is not a cron expression",
        "timezone: is not known",
    ]


def test_a_refusal_says_what_to_do() -> None:
    (line,) = Problem(401, "Who are you?").lines()
    assert "LAMP_TOKEN" in line
