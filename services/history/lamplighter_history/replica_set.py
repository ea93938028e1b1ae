"""Makes a lone mongod a replica set of one, so that majority writes mean what they say.

`python -m lamplighter_history.replica_set HOST:PORT` is idempotent and ends when the member is writable.
"""

import sys
import time

from pymongo import MongoClient
from pymongo.errors import OperationFailure

NAME = "lamplighter"
DEADLINE_SECONDS = 30
_ALREADY_INITIALIZED = 23


def initiate(address: str) -> None:
    """Raises `TimeoutError` when the member does not become writable in time."""
    with MongoClient[dict[str, object]](
        address, directConnection=True, serverSelectionTimeoutMS=DEADLINE_SECONDS * 1000
    ) as client:
        member = {"_id": 0, "host": address}
        try:
            client.admin.command("replSetInitiate", {"_id": NAME, "members": [member]})
        except OperationFailure as failure:
            if failure.code != _ALREADY_INITIALIZED:
                raise
            _move(client, address)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not client.admin.command("hello")["isWritablePrimary"]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"mongod at {address} did not become writable in {DEADLINE_SECONDS} s")
            time.sleep(0.02)


def _move(client: "MongoClient[dict[str, object]]", address: str) -> None:
    """The data was made under another address: the one member has moved."""
    config = client.admin.command("replSetGetConfig")["config"]
    if config["members"][0]["host"] == address:
        return
    config["members"][0]["host"] = address
    config["version"] += 1
    client.admin.command("replSetReconfig", config, force=True)


if __name__ == "__main__":
    initiate(sys.argv[1])
