"""Reads one .ics file from standard input and writes what it holds to standard output: a process of its own.

What a file of some kilobytes makes the libraries do has no bound that could be told beforehand. The process has one.
"""

import sys
from datetime import datetime

from lamplighter_gateway.apart import bound_this_process
from lamplighter_gateway.timing.ics import read_ics
from lamplighter_gateway.timing.ics_lines import IcsError
from lamplighter_gateway.timing.ics_reader import READING, Reading

CPU_SECONDS = 3
"""Ten times what the largest file of an honest kind took when measured."""
MEMORY_BYTES = 512 << 20


def main() -> None:
    bound_this_process(CPU_SECONDS, MEMORY_BYTES)
    text = sys.stdin.buffer.read().decode()
    try:
        found = read_ics(text, datetime.fromisoformat(sys.argv[1]))
        reading = Reading(found.entries, found.covers_until)
    except IcsError as refused:
        reading = Reading(problem=str(refused))
    sys.stdout.buffer.write(READING.dump_json(reading))


if __name__ == "__main__":
    main()
