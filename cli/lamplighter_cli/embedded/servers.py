"""How nats-server and mongod are started, and how to know that they listen."""

import json
import socket
import time
from pathlib import Path

from lamplighter_cli.embedded import binaries
from lamplighter_cli.embedded.children import Launch


def nats_server(folder: Path, port: int) -> Launch:
    """JetStream in `folder`, every acknowledged message on disk (`sync_interval: always`)."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    configuration = folder / "nats.conf"
    store = json.dumps(str(folder / "jetstream"))
    configuration.write_text(
        f'listen: "127.0.0.1:{port}"\n'
        "max_payload: 1MB\n"
        f"jetstream {{ store_dir: {store}, sync_interval: always, max_memory_store: 256MB, max_file_store: 32GB }}\n"
    )
    return Launch("nats-server", (str(binaries.nats_server()), "-c", str(configuration)))


def mongod(folder: Path, port: int) -> Launch:
    """A replica set of one in `folder`: majority writes and the journal work as in production."""
    (folder / "db").mkdir(mode=0o700, parents=True, exist_ok=True)
    arguments = (
        str(binaries.mongod()), "--dbpath", str(folder / "db"), "--port", str(port), "--bind_ip", "127.0.0.1",
        "--replSet", "lamplighter", "--wiredTigerCacheSizeGB", "0.5", "--quiet", "--nounixsocket",
        "--setParameter", "diagnosticDataCollectionEnabled=false",
    )  # fmt: skip
    return Launch("mongod", arguments)


def mongodb_url(port: int) -> str:
    return f"mongodb://127.0.0.1:{port}/lamplighter?replicaSet=lamplighter"


def listening(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False


def wait_until_listening(port: int, deadline: float) -> bool:
    """Whether something listens on the port before `deadline` (of `time.monotonic`)."""
    while time.monotonic() < deadline:
        if listening(port):
            return True
        time.sleep(0.02)
    return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
