"""Takes batches of events into the store."""

import time
from collections.abc import Sequence
from typing import TypeVar

from lamplighter_history.chain.chain import Chain
from lamplighter_history.chain.drafts import Audited, draft
from lamplighter_history.fold import Folded, fold, may_have_been_blocked, may_have_waited
from lamplighter_history.folds.executions import waited_in_vain
from lamplighter_history.folds.occurrences import never_began
from lamplighter_history.metrics import LAG_SECONDS
from lamplighter_history.store import Store
from lamplighter_history.writes import Entry, Retention
from lamplighter_runtime.consuming import Received

E = TypeVar("E")


class Recorder:
    def __init__(self, store: Store, retention: Retention) -> None:
        self._store = store
        self._retention = retention

    async def on_events(self, batch: Sequence[Received[Folded]]) -> None:
        """Durable when it returns; only then the events are acknowledged."""
        entries = _entries(batch)
        await self._store.write(fold(entries, self._retention))
        await self._end(may_have_waited(entries))
        await self._rule(may_have_been_blocked(entries))
        _note_lag(batch)

    async def _end(self, execution_ids: Sequence[str]) -> None:
        """Those of them that waited in vain. Only once the batch is written: see `may_have_waited`."""
        if not execution_ids:
            return
        found = await self._store.waited_in_vain(execution_ids)
        await self._store.write(waited_in_vain(one, self._retention.executions) for one in found)

    async def _rule(self, execution_ids: Sequence[str]) -> None:
        """On those of them that fired and never began. Also only then."""
        if not execution_ids:
            return
        found = await self._store.never_began(execution_ids)
        await self._store.write(never_began(*pair, self._retention.occurrences) for pair in found)


class Auditor:
    """Takes what was changed, done and denied into the chain."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    async def on_events(self, batch: Sequence[Received[Audited]]) -> None:
        """Durable when it returns."""
        await self._chain.append([draft(entry) for entry in _entries(batch)])
        _note_lag(batch)


def _entries(batch: Sequence[Received[E]]) -> list[Entry[E]]:
    return [Entry(one.event, one.sequence, one.stored_at) for one in batch]


def _note_lag(batch: Sequence[Received[E]]) -> None:
    oldest = min(one.stored_at for one in batch)
    LAG_SECONDS.labels(batch[0].message.metadata.consumer).observe(max(0.0, time.time() - oldest.timestamp()))
