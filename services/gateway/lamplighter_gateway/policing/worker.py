"""Looks at a policy, or asks some, and writes what was found to standard output: a process of its own."""

import asyncio
import sys

from lamplighter_gateway.apart import bound_this_process
from lamplighter_gateway.policing.desk import ERRORS, Task
from lamplighter_policies import PolicyBook, check_policy

CPU_SECONDS = 5
MEMORY_BYTES = 768 << 20


def main() -> None:
    bound_this_process(CPU_SECONDS, MEMORY_BYTES)
    task = Task.model_validate_json(sys.stdin.buffer.read())
    if task.document is None:
        assert task.spec is not None
        said = ERRORS.dump_json(check_policy(task.spec))
    else:
        book = PolicyBook(task.policies, task.tokens.get)
        said = asyncio.run(book.decide(task.document)).model_dump_json().encode()
    sys.stdout.buffer.write(said)


if __name__ == "__main__":
    main()
