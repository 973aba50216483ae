"""How the kernel shares a core among the threads of a service."""

import os
from contextlib import suppress


def wake_threads_in_turn() -> None:
    """Let a thread that wakes wait for the one that runs; the threads that this one starts do so too.

    Otherwise each event of grpc, six on every call, takes the core from whoever answers calls
    (docs/decisions/0015). Where the policy is not to be had, the usual one works as well, only slower.
    """
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
