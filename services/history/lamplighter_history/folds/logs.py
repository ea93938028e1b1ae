"""Log lines, in the chunks they came in."""

from datetime import datetime

from lamplighter_contracts.executions import LogBatch, LogLine
from lamplighter_history.writes import Collection, Document, Insert


def chunk(event: LogBatch, sequence: int, expires_at: datetime) -> Insert:
    """Of a batch that has lines."""
    document = {
        "_id": chunk_id(event.execution_id, sequence),
        "execution_id": event.execution_id,
        "sequence": sequence,
        "attempt": event.attempt,
        "first_line": event.lines[0].number,
        "last_line": event.lines[-1].number,
        "lines": [_line(line) for line in event.lines],
        "expires_at": expires_at,
    }
    return Insert(Collection.LOGS, document)


def chunk_id(execution_id: str, sequence: int) -> str:
    """Sorts as the chunks of an execution follow each other: the log is read along it, without another index."""
    return f"{execution_id}:{sequence:020d}"


def _line(line: LogLine) -> Document:
    return {
        "number": line.number,
        "at": line.at,
        "stream": line.stream.value,
        "text": line.text,
        "source": line.source,
    }
