"""Reads deliveries, one after the other: a process of its own, for bodies and expressions of which nobody knows how
long they take, or how much memory."""

import sys

from lamplighter_contracts.fields import Model
from lamplighter_contracts.payloads import MalformedBody
from lamplighter_gateway.apart import bound_cpu_from_now, bound_memory, requests
from lamplighter_gateway.webhooks.claims import Claim
from lamplighter_gateway.webhooks.reading import Question, judge, read

CPU_SECONDS = 1
"""Of one delivery, and up to one more: the kernel counts whole ones."""
MEMORY_BYTES = 1 << 30


class Found(Model):
    """`problem` alone, or all the others."""

    problem: str = ""
    claim: Claim | None = None
    unwanted: str = ""
    group: str = ""


def main() -> None:
    bound_memory(MEMORY_BYTES)
    for (asked, body), answer in requests(sys.stdin.buffer, sys.stdout.buffer):
        bound_cpu_from_now(CPU_SECONDS)
        answer(look(Question.model_validate_json(asked), body).model_dump_json().encode())


def look(question: Question, body: bytes) -> Found:
    try:
        claim, payload = read(question, body)
    except MalformedBody as malformed:
        return Found(problem=str(malformed))
    unwanted, group = judge(question, payload)
    return Found(claim=claim, unwanted=unwanted, group=group)


if __name__ == "__main__":
    main()
