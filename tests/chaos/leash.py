"""Becomes another program that ends as soon as its parent does, even if that was killed with -9.

    python leash.py PARENT PROGRAM ARGUMENT...

Only where the system offers it (Linux); elsewhere it just becomes the program.
"""

import ctypes
import os
import signal
import sys

# prctl(2): the wish outlives execve(2).
PR_SET_PDEATHSIG = 1


def follow(parent: int) -> None:
    """Have the system kill this process when its parent ends.

    Args:
        parent: Its process id; if that is no more the parent, it has ended already.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    follow(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])
