"""What is known of places."""

from collections.abc import Iterable
from typing import Protocol

from services.order.domain.lines import ShippingAddress


class AddressProblems(Protocol):
    """Says what keeps an address from being one of its country; it asks nobody."""

    def __call__(self, address: ShippingAddress, /) -> Iterable[tuple[str, str]]:
        """Fields as JSON has them, each with what is wrong and what is allowed."""
        ...
