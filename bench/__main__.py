"""Run the groups, print the table, keep `bench/latest.json`."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

from bench import clockwork, doors, spine, who
from bench.figures import Figure, keep, machine, show
from lamplighter_runtime.logs import configure

GROUPS: dict[str, Callable[[], Awaitable[list[Figure]]]] = {
    "spine": spine.run,
    "time": clockwork.run,
    "who": who.run,
    "doors": doors.run,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        print(f"no group {unknown[0]!r}; there are {', '.join(GROUPS)}", file=sys.stderr)
        return 2
    configure("bench", "error", "text")
    print("machine:", ", ".join(f"{k} {v}" for k, v in machine().items()))
    print(
        "settings: NATS sync_interval always, MongoDB one-node replica set w majority j true, one of each service"
    )
    figures = [figure for name in names or GROUPS for figure in asyncio.run(_run(name))]
    show(figures)
    keep(figures)
    return 0


async def _run(name: str) -> list[Figure]:
    return list(await GROUPS[name]())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
