"""How many bytes of large bodies are held at once."""

import pytest

from lamplighter_gateway.web.problems import Problem
from lamplighter_gateway.webhooks.room import BODIES, LEAST, SMALL, Room


def test_there_is_room_for_several_of_the_largest() -> None:
    assert Room.of(1_024).left == LEAST
    assert Room.of(25 << 20).left == BODIES * (25 << 20)


def test_what_is_held_is_counted_until_it_is_left() -> None:
    room = Room(1_000)
    with room.stay() as one, room.stay() as other:
        one.grow(SMALL)
        assert room.left == 1_000
        one.grow(600)
        other.grow(SMALL + 400)
        assert room.left == 0
        with pytest.raises(Problem, match="at once"):
            other.grow(1)
        with room.stay() as small:
            small.grow(SMALL)
    assert room.left == 1_000


def test_it_is_left_however_it_ends() -> None:
    room = Room(1_000)

    def fails() -> None:
        with room.stay() as one:
            one.grow(SMALL + 1_000)
            one.grow(1)

    with pytest.raises(Problem):
        fails()
    assert room.left == 1_000
