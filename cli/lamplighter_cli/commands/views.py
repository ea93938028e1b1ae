"""How a thing reads that several nouns show."""

from lamplighter_cli.output import Record


def who(record: Record) -> str | None:
    """Who does the work of a job or an execution, such as `agent/disk-check`."""
    for kind in ("agent", "team"):
        if identity := record.get(f"{kind}_id"):
            return f"{kind}/{identity}"
    return "smart" if record.get("smart") else None
