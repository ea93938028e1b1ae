"""How a thing reads that several nouns show."""

from collections.abc import Sequence

from lamplighter_cli.output import Column, Record

PROJECT = Column("PROJECT", lambda record, _: record.get("project"))


def who(record: Record) -> str | None:
    """Who does the work of a job or an execution, such as `agent/disk-check`."""
    for kind in ("agent", "team"):
        if identity := record.get(f"{kind}_id"):
            return f"{kind}/{identity}"
    return "smart" if record.get("smart") else None


def with_project(columns: Sequence[Column], rows: Sequence[Record]) -> tuple[Column, ...]:
    """With a column that says what is of which project, after the first one, where not all is of the same."""
    several = len({row.get("project") for row in rows}) > 1
    return (*columns[:1], *([PROJECT] if several else []), *columns[1:])
