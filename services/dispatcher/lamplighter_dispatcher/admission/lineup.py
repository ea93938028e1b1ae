"""Those in this process who wait for a seat, in the order of their firing; each piece of news lets one try."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass

from lamplighter_dispatcher.admission.seats import Place

PATIENCE_SECONDS = 15.0
"""Who has heard nothing for so long looks again: of a dispatcher that died there are no news."""

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Full:
    """All seats there are taken. `heard`: how much news of it there had been when that was found."""

    place: Place
    heard: int


class LineUp:
    def __init__(self) -> None:
        self._lines: dict[_Key, dict[str, asyncio.Future[None]]] = defaultdict(dict)
        self._news: dict[_Key, int] = defaultdict(int)

    @property
    def waiting(self) -> int:
        return sum(len(line) for line in self._lines.values())

    def heard(self, place: Place) -> int:
        return self._news[_key(place)]

    def tell(self, kind: str, object_id: str) -> None:
        """Somebody left a seat there."""
        self._news[kind, object_id] += 1
        line = self._lines[kind, object_id]
        if line:
            # Ids of executions sort by their firing: whoever is due for longest comes first.
            line.pop(min(line)).set_result(None)

    async def wait(self, execution_id: str, full: Full) -> None:
        """Until there may be room: there is news that was not heard when it was found full, or none for long."""
        if self.heard(full.place) != full.heard:
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line = self._lines[_key(full.place)]
        line[execution_id] = turn
        try:
            await asyncio.wait([turn], timeout=PATIENCE_SECONDS)
        finally:
            if line.get(execution_id) is turn:
                del line[execution_id]


def _key(place: Place) -> _Key:
    return place.kind, place.object_id
