"""An agent: reads the prompt on standard input, takes a real reading of this machine, and reports."""

import os
import shutil
import sys


def reading() -> dict[str, str]:
    disk = shutil.disk_usage("/")
    load = os.getloadavg()
    with open("/proc/meminfo") as lines:  # noqa: PTH123 - a script that stands alone
        memory = {line.split(":")[0]: int(line.split()[1]) // 1024 for line in lines}
    return {
        "disk": f"{disk.free // 2**30} of {disk.total // 2**30} GiB free",
        "memory": f"{memory['MemAvailable']} of {memory['MemTotal']} MiB available",
        "load": " ".join(f"{value:.2f}" for value in load),
    }


if __name__ == "__main__":
    print(f"asked: {sys.stdin.read().strip()}")
    for name, value in reading().items():
        print(f"{name}: {value}")
