"""How many bytes of large bodies are held at once: those that send them may be many, slow, and nobody we know."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lamplighter_gateway.web.problems import unavailable

SMALL = 64 * 1024
"""Of each body so much is not counted: small deliveries have room however many large ones there are."""
LEAST, BODIES = 64 << 20, 4
"""So much there is at least, and for so many of the largest bodies."""


@dataclass
class Room:
    left: int

    @classmethod
    def of(cls, limit: int) -> "Room":
        return cls(max(LEAST, BODIES * limit))

    @contextmanager
    def stay(self) -> Iterator["Guest"]:
        """What is read meanwhile is counted until it is left."""
        guest = Guest(self)
        try:
            yield guest
        finally:
            self.left += guest.counted


@dataclass
class Guest:
    room: Room
    size: int = 0
    counted: int = 0

    def grow(self, size: int) -> None:
        """Raises `Problem` where there is no room."""
        self.size += size
        more = max(0, self.size - SMALL) - self.counted
        if more > self.room.left:
            raise unavailable("Too many large bodies come at once.")
        self.room.left -= more
        self.counted += more
