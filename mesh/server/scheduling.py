"""How the kernel shares a core among the threads of a service."""

import os
from contextlib import suppress


def use_batch_scheduling() -> None:
    """Let a thread that wakes wait until the running one pauses or its slice ends.

    This goes for this thread and those that it starts. Otherwise each event of grpc, six on every call, takes
    the core from whoever answers calls (docs/decisions/0015). Whoever runs the process under another policy
    than the usual one is heeded, and where the change is refused, the usual one works too, only slower.
    """
    with suppress(OSError):
        if os.sched_getscheduler(0) == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
