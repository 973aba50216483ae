"""A shelf from which more is reserved than there is, until orders are cancelled."""

from dataclasses import dataclass
from datetime import timedelta

_FIRST_PAUSE = timedelta(seconds=5)
_LAST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ShelfShortage:
    """A shortage as it was reported.

    Attributes:
        sku: Of what.
        warehouse: Where.
        missing: How many reserved pieces, at least 1.
        times: How often it was reported since it came up or changed, from 1.
    """

    sku: str
    warehouse: str
    missing: int
    times: int

    @property
    def pause(self) -> timedelta:
        """How long orders have to be cancelled before it is reported again: twice as long each time."""
        factor = 1 << min(self.times - 1, 20)
        return min(_FIRST_PAUSE * factor, _LAST_PAUSE)
