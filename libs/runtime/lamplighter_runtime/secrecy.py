"""What a service knows stays its own: also from the commands that it runs, which have the same user."""

import ctypes
import sys

PR_SET_DUMPABLE = 4


def close_to_others() -> None:
    """Keep this process's environment, memory and descriptors in /proc from every other process of its user.

    Without it a command that an agent runs reads passwords and keys in `/proc/<pid>/environ` of the dispatcher, and
    of every service beside it. Programs that this one starts are not closed. Root is not kept out.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
