"""A process's secrets are its own, also before the commands of its own user."""

import subprocess
import sys

import pytest

PROBE = """
import ctypes, os
from lamplighter_runtime.service import Loops, run
from lamplighter_runtime.settings import ServiceSettings

class Unset(ServiceSettings):
    needed: str

if os.getuid() == 0:
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)

def seen_by_a_child():
    owner = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            open(f"/proc/{owner}/environ", "rb").read()
            os._exit(0)
        except PermissionError:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

before = seen_by_a_child()
run("probe", Unset, print, Loops())
print(before, seen_by_a_child())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_the_environment_of_a_service_cannot_be_read_by_its_commands() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, timeout=30, check=True
    )

    assert done.stdout.split() == ["True", "False"]
