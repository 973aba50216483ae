"""The scheduling policy of a service's threads."""

import os
from contextlib import suppress


def use_batch_scheduling() -> None:
    """Run under SCHED_BATCH, so that a waking gRPC thread does not preempt the event loop.

    It applies to this thread and to those that it starts; by default each of gRPC's six events per call
    preempts the loop (docs/decisions/0015). A process that was started under another policy keeps it. Where
    the kernel refuses the change, the service runs on, only slower.
    """
    with suppress(OSError):
        if os.sched_getscheduler(0) == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
