"""Nobody gives more than it has, and a token only ever loses."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lamplighter_contracts.problems import InvalidInput
from lamplighter_contracts.tokens import Role
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.access.grants import excess, narrowed, read_request
from lamplighter_gateway.access.tokens import Grant, mint

NOW = datetime(2026, 3, 1, tzinfo=UTC)
END = NOW + timedelta(days=30)
TOKEN, _ = mint(Grant("CI", Role.EDITOR, ("a", "b"), END), NOW, bytes)


def fields(wrong: InvalidInput) -> list[str]:
    return [error.field for error in wrong.errors]


@pytest.mark.parametrize(
    ("body", "projects"),
    [
        ({}, ("default",)),
        ({"projects": ["b", "a", "b"]}, ("b", "a")),
        ({"projects": ["a", "*"]}, ("*",)),
    ],
)
def test_the_projects_of_a_request(body: dict[str, Any], projects: tuple[str, ...]) -> None:
    assert read_request({"name": "CI", "role": "viewer", **body}, NOW).projects == projects


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": " "}, "name"),
        ({"role": "root"}, "role"),
        ({"projects": []}, "projects"),
        ({"projects": "default"}, "projects"),
        ({"projects": ["A b"]}, "projects.0"),
        ({"projects": [f"p{n}" for n in range(65)]}, "projects"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": 4_000}, "expires_in_days"),
        ({"sha256": "0"}, "sha256"),
    ],
)
def test_a_wrong_request_is_told_its_field(body: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as wrong:
        read_request({"name": "CI", "role": "viewer", **body}, NOW)
    assert fields(wrong.value) == [field]


@pytest.mark.parametrize(
    ("maker_role", "maker_reaches", "role", "projects", "beyond"),
    [
        (Role.ADMIN, ("*",), Role.ADMIN, ("*",), []),
        (Role.ADMIN, ("*",), Role.VIEWER, ("a", "b"), []),
        (Role.ADMIN, ("a", "b"), Role.ADMIN, ("b",), []),
        (Role.ADMIN, ("a",), Role.VIEWER, ("*",), ["projects"]),
        (Role.ADMIN, ("a",), Role.VIEWER, ("a", "b", "c"), ["projects", "projects"]),
        (Role.EDITOR, ("*",), Role.ADMIN, ("a",), ["role"]),
        (Role.VIEWER, ("a",), Role.OPERATOR, ("b",), ["role", "projects"]),
    ],
)
def test_nobody_gives_what_it_has_not(
    maker_role: Role, maker_reaches: tuple[str, ...], role: Role, projects: tuple[str, ...], beyond: list[str]
) -> None:
    maker = Caller("m", "Maker", maker_role, maker_reaches)
    assert [error.field for error in excess(Grant("CI", role, projects), maker)] == beyond


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Other"},
        {"role": "viewer"},
        {"role": "editor", "projects": ["b"]},
        {"expires_in_days": 30},
        {"expires_in_days": 1},
    ],
)
def test_a_token_can_lose(body: dict[str, Any]) -> None:
    after = narrowed(TOKEN, body, NOW)
    assert TOKEN.role.reaches(after.role)
    assert set(after.projects) <= set(TOKEN.projects)
    assert after.expires_at is not None
    assert after.expires_at <= END
    assert after.sha256 == TOKEN.sha256


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "admin"}, "role"),
        ({"projects": ["a", "c"]}, "projects"),
        ({"projects": ["*"]}, "projects"),
        ({"expires_in_days": 31}, "expires_in_days"),
    ],
)
def test_a_token_cannot_gain(body: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as wrong:
        narrowed(TOKEN, body, NOW)
    assert fields(wrong.value) == [field]
