"""Becomes a program that ends when its parent does: `die_with_parent.py PARENT PROGRAM ARGUMENT…`.

Run as a file by an isolated interpreter, so it imports nothing but the standard library.
Linux only: prctl(2) sends the signal even when the parent was killed by SIGKILL.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, program = int(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent ended before the program started")
    try:
        os.execv(program[0], program)  # noqa: S606
    except OSError as error:
        sys.exit(f"cannot start {program[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
