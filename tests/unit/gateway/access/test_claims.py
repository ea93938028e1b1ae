"""What claims allow: the highest role of all the rules that match, in the projects of all of them."""

from typing import Any

import pytest
from pydantic import ValidationError

from lamplighter_contracts.tokens import Role
from lamplighter_gateway.access.oidc.claims import Rule, find, is_subject, met, name_of, together


def rule(claim: str, value: str, role: Role, *projects: str) -> Rule:
    return Rule(claim=claim, value=value, role=role, projects=projects)


RULES = (
    rule("groups", "staff", Role.VIEWER, "default"),
    rule("groups", "payments", Role.EDITOR, "payments"),
    rule("realm_access.roles", "lamp-admin", Role.ADMIN, "*"),
    rule("https://example.org/team", "ops", Role.OPERATOR, "default", "ops"),
    rule("email", "ada@example.org", Role.OPERATOR, "default"),
)


@pytest.mark.parametrize(
    ("claims", "places"),
    [
        ({}, ()),
        ({"groups": "staff"}, (0,)),
        ({"groups": ["staff", "payments"]}, (0, 1)),
        ({"groups": "staff payments"}, ()),
        ({"groups": ["Staff"]}, ()),
        ({"groups": {"staff": True}}, ()),
        ({"groups": [["staff"]]}, ()),
        ({"realm_access": {"roles": ["lamp-admin"]}}, (2,)),
        ({"realm_access.roles": ["lamp-admin"]}, (2,)),
        ({"realm_access": ["roles", "lamp-admin"]}, ()),
        ({"https://example.org/team": "ops"}, (3,)),
        ({"email": "ada@example.org", "groups": ["staff"]}, (0, 4)),
    ],
)
def test_which_rules_match(claims: dict[str, Any], places: tuple[int, ...]) -> None:
    assert met(claims, RULES) == places


@pytest.mark.parametrize(
    ("places", "role", "projects"),
    [
        ([0], Role.VIEWER, ("default",)),
        ([0, 1], Role.EDITOR, ("default", "payments")),
        ([3, 4], Role.OPERATOR, ("default", "ops")),
        ([0, 2], Role.ADMIN, ("default", "*")),
    ],
)
def test_what_they_allow_together(places: list[int], role: Role, projects: tuple[str, ...]) -> None:
    allowed = together([RULES[place] for place in places])
    assert allowed is not None
    assert (allowed.role, allowed.projects) == (role, projects)


def test_none_allow_nothing() -> None:
    assert together([]) is None


@pytest.mark.parametrize(
    "fields", [{"projects": []}, {"role": "root"}, {"claim": ""}, {"more": 1}, {"projects": ["A b"]}]
)
def test_a_rule_that_says_too_little_or_too_much_is_none(fields: dict[str, Any]) -> None:
    good = {"claim": "groups", "value": "staff", "role": "viewer", "projects": ["default"]}
    Rule.model_validate(good)
    with pytest.raises(ValidationError):
        Rule.model_validate({**good, **fields})


def test_the_whole_name_comes_before_the_path() -> None:
    assert find({"a.b": 1, "a": {"b": 2}}, "a.b") == 1
    assert find({"a": {"b": {"c": 3}}}, "a.b.c") == 3
    assert find({"a": 1}, "a.b.c") is None


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": "Ada", "sub": "1"}, "Ada"),
        ({"preferred_username": "ada", "sub": "1"}, "ada"),
        ({"name": " ", "email": "a@example.org", "sub": "1"}, "a@example.org"),
        ({"name": 3, "sub": "1"}, "1"),
        ({"name": "A\r\nB\x1b[0m", "sub": "1"}, "AB[0m"),
        ({"name": "a" * 500, "sub": "1"}, "a" * 200),
    ],
)
def test_what_somebody_is_called(claims: dict[str, Any], name: str) -> None:
    assert name_of(claims, "name") == name


@pytest.mark.parametrize(
    ("subject", "good"),
    [
        ("auth0|1", True),
        ("a" * 255, True),
        ("a" * 256, False),
        ("", False),
        (None, False),
        (1, False),
        ("a\n", False),
    ],
)
def test_what_a_subject_is(subject: object, good: bool) -> None:
    assert is_subject(subject) is good
