"""Plays jobs through on a virtual clock: the question on standard input, the document on standard output."""

import json
import sys

from lamplighter_gateway.apart import bound_this_process
from lamplighter_gateway.timing.simulations import Question, report

CPU_SECONDS = 90
MEMORY_BYTES = 1 << 30


def main() -> None:
    bound_this_process(CPU_SECONDS, MEMORY_BYTES)
    question = Question.model_validate_json(sys.stdin.buffer.read())
    json.dump(report(question), sys.stdout)


if __name__ == "__main__":
    main()
