"""The log of an execution, along its chunks."""

from lamplighter_contracts.queries import ReadLog
from lamplighter_history.folds.logs import chunk_id
from lamplighter_history.writes import Document


def chunks(query: ReadLog) -> Document:
    beyond = chunk_id(query.execution_id, query.after_sequence)
    wanted: Document = {"_id": {"$gt": beyond, "$lt": f"{query.execution_id};"}}
    if query.from_line > 1:
        wanted["last_line"] = {"$gte": query.from_line}
    if query.attempt is not None:
        wanted["attempt"] = query.attempt
    return wanted
