"""Named places where a process can be made to die, to show that nothing is lost there."""

import os

import structlog

from mesh.settings import SettingError

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
_armed: set[str] = set()


def arm(names: str) -> None:
    """Let this process die at failpoints (`FAILPOINT`, names with commas).

    The launcher starts the process again without the variable, so it dies once.

    Raises:
        SettingError: There is no such failpoint.
    """
    wanted = {name for name in names.split(",") if name}
    if not wanted <= set(FAILPOINTS):
        raise SettingError("FAILPOINT", names, ", ".join(FAILPOINTS))
    _armed.update(wanted)


def reached(name: str) -> None:
    """Die here, at once and without clean-up, when this failpoint is armed."""
    if name in _armed:
        _log.warning("failpoint", name=name)
        os._exit(EXIT_CODE)
