"""The reference page's commands, from the list in `tests/service/cli/reference_commands.txt`."""

from pathlib import Path

LIST = Path(__file__).parent.parent / "service" / "cli" / "reference_commands.txt"


def reference_commands(**ids: str) -> list[str]:
    """Each command as a shell would get it, with `job_id=...` in the place of `<job-id>`, and so on."""
    lines = [line for line in LIST.read_text().splitlines() if not line.startswith("#")]
    text = "\n".join(lines)
    for name, value in ids.items():
        text = text.replace(f"<{name.replace('_', '-')}>", value)
    return [block.strip() for block in text.split("\n\n") if block.strip()]
