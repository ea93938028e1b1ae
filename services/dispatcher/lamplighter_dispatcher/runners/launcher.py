"""The parent of one command. Run as `python -I -S launcher.py ...`, with the standard library alone: it starts fast.

It sets the limits, starts the command, and stays. As a subreaper it is given every descendant that loses its
parent, also those that called setsid, so when the command is over it can end all that is left: killing
children until there are none. It is told SIGTERM to end the command with a grace time, and SIGUSR1 to end it at
once; the kernel sends SIGUSR1 also when the dispatcher dies, however that comes about.

Arguments: the dispatcher's pid, the descriptor to report to, the grace time in seconds, `bare` or `wrapped`, four
limits (processor seconds, bytes of a file, open files, bytes of memory; `-` for none), then the command. A wrapped
one is in a sandbox: the program started here is the wrapper, which is given the descriptor too, and which is not
told to end, for all in it would end with it and have no grace.
Reports one line: `exited <code>`, `killed <signal>`, or `cannot <errno>`.
"""

import ctypes
import errno
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 36, 38

KILL = signal.SIGUSR1
WATCHED = {signal.SIGCHLD, signal.SIGTERM, KILL}
LIMITS = (resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_AS)
CANNOT_EXEC = 127
MOMENT_SECONDS = 0.005
ALONE = (sys.executable, "-I", "-S", __file__)
"""How this is run."""
WRAPPED, BARE = "wrapped", "bare"

_libc = ctypes.CDLL(None, use_errno=True)


def main(
    dispatcher: int,
    report: int,
    grace_seconds: float,
    wrapped: bool,
    limits: Sequence[str],
    command: Sequence[str],
) -> None:
    os.set_inheritable(report, wrapped)
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    _control(PR_SET_CHILD_SUBREAPER, 1)
    _control(PR_SET_NO_NEW_PRIVS, 1)
    _control(PR_SET_PDEATHSIG, KILL)
    if os.getppid() != dispatcher:
        return
    launcher = os.getpid()
    child = os.fork()
    if child == 0:
        _become(command, limits, launcher, report)
    status = _wait(child, grace_seconds, child if wrapped else None)
    _end_the_rest()
    code = os.waitstatus_to_exitcode(status)
    os.write(report, f"exited {code}\n".encode() if code >= 0 else f"killed {-code}\n".encode())


def _become(command: Sequence[str], limits: Sequence[str], launcher: int, report: int) -> None:
    try:
        os.setsid()
        _control(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == launcher:
            # What Python ignores, or whoever started the dispatcher (nohup), the command would inherit.
            for number in signal.valid_signals():
                if signal.getsignal(number) is signal.SIG_IGN:
                    signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            for kind, limit in zip(LIMITS, limits, strict=True):
                _limit(kind, limit)
            os.execvp(command[0], list(command))  # noqa: S606 - without a shell is the point
    except (OSError, MemoryError) as error:
        os.write(report, f"cannot {getattr(error, 'errno', errno.ENOMEM)}\n".encode())
    finally:
        os._exit(CANNOT_EXEC)


def _limit(kind: int, limit: str) -> None:
    if limit == "-":
        return
    _, most = resource.getrlimit(kind)
    soft = int(limit) if most == resource.RLIM_INFINITY else min(int(limit), most)
    # A second between them lets the process die of SIGXCPU, which says why, before SIGKILL, which does not.
    hard = soft + 1 if kind == resource.RLIMIT_CPU and most in (resource.RLIM_INFINITY, soft + 1) else soft
    resource.setrlimit(kind, (soft, hard))


def _wait(child: int, grace_seconds: float, wrapper: int | None) -> int:
    """The wait status of the command. Told to stop, it waits for the whole tree, as long as the grace time."""
    status: int | None = None
    deadline: float | None = None
    while True:
        told = _next_signal(deadline)
        if told == signal.SIGTERM and deadline is None:
            deadline = time.monotonic() + grace_seconds
            _signal_all(signal.SIGTERM, wrapper)
        if told == KILL:
            deadline = time.monotonic()
        late = deadline is not None and time.monotonic() >= deadline
        if late and status is None:
            os.kill(child, signal.SIGKILL)
        status, alone = _reap(child, status)
        if status is not None and (alone or late or deadline is None):
            return status


def _next_signal(deadline: float | None) -> int | None:
    """None at the deadline, or a moment later where that is past."""
    if deadline is None:
        return signal.sigwaitinfo(WATCHED).si_signo
    told = signal.sigtimedwait(WATCHED, max(MOMENT_SECONDS, deadline - time.monotonic()))
    return None if told is None else told.si_signo


def _reap(child: int, status: int | None) -> tuple[int | None, bool]:
    """The command's status if it is over, and whether no descendant is left."""
    while True:
        try:
            pid, ended = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status, True
        if pid == 0:
            return status, False
        if pid == child:
            status = ended


def _end_the_rest() -> None:
    """A descendant whose parent is killed becomes a child of this process: so killing children reaches all."""
    while not _reap(0, None)[1]:
        children = _children().get(os.getpid(), [])
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        if not children:
            return
        os.waitpid(-1, 0)


def _signal_all(number: int, wrapper: int | None) -> None:
    children = _children()
    found = [os.getpid()]
    for pid in found:
        found += children.get(pid, [])
    for pid in found[1:]:
        if pid != wrapper:
            _signal(pid, number)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _children() -> dict[int, list[int]]:
    """By parent, as /proc has it now."""
    found: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib takes longer to import than all the rest
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                    parent = int(file.read().rpartition(b")")[2].split()[1])
            except OSError:
                continue
            found.setdefault(parent, []).append(int(name))
    return found


def _control(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    main(
        int(sys.argv[1]),
        int(sys.argv[2]),
        float(sys.argv[3]),
        sys.argv[4] == WRAPPED,
        sys.argv[5:9],
        sys.argv[9:],
    )
