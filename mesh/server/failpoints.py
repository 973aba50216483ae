"""Named places where a process can be made to die, to show that nothing is lost there."""

import os

import structlog

FAILPOINTS = (
    "order_placed",
    "stock_reserved",
    "reservation_committed",
    "order_confirmed",
    "event_published",
    "effect_done",
)
EXIT_CODE = 86

_log = structlog.get_logger()


def reached(name: str) -> None:
    """Die here, at once and without clean-up, when `FAILPOINT` names this place, alone or between commas.

    The launcher starts the process again without the variable, so it dies once.
    """
    if name in os.environ.get("FAILPOINT", "").split(","):
        _log.warning("failpoint", name=name)
        os._exit(EXIT_CODE)
