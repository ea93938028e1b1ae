"""Makes a lone mongod a replica set of one, so that majority writes mean what they say. For the embedded default.

`python -m lamplighter_history.replica_set PORT` is idempotent and ends when the member is writable.
"""

import sys
import time

from pymongo import MongoClient
from pymongo.errors import OperationFailure

NAME = "lamplighter"
DEADLINE_SECONDS = 30
_ALREADY_INITIALIZED = 23


def initiate(port: int) -> None:
    """Raises `TimeoutError` when the member does not become writable in time."""
    with MongoClient[dict[str, object]](
        "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=DEADLINE_SECONDS * 1000
    ) as client:
        member = {"_id": 0, "host": f"127.0.0.1:{port}"}
        try:
            client.admin.command("replSetInitiate", {"_id": NAME, "members": [member]})
        except OperationFailure as failure:
            if failure.code != _ALREADY_INITIALIZED:
                raise
            _move(client, port)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not client.admin.command("hello")["isWritablePrimary"]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"mongod on port {port} did not become writable in {DEADLINE_SECONDS} s")
            time.sleep(0.02)


def _move(client: "MongoClient[dict[str, object]]", port: int) -> None:
    """The data was made under another port: the one member has moved."""
    config = client.admin.command("replSetGetConfig")["config"]
    if config["members"][0]["host"] == f"127.0.0.1:{port}":
        return
    config["members"][0]["host"] = f"127.0.0.1:{port}"
    config["version"] += 1
    client.admin.command("replSetReconfig", config, force=True)


if __name__ == "__main__":
    initiate(int(sys.argv[1]))
