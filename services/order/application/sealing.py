"""Personal data of orders: encrypted before it is stored, readable while the customer's key exists."""

import json
from typing import Any

from services.order.application.event_codec import SEALED_ADDRESS
from services.order.application.place_order import PlaceOrder
from services.order.application.ports import KeyVault, SealedField
from services.order.domain.lines import ShippingAddress
from services.order.domain.order import Order


class Sealing:
    """What of an order is readable only with its customer's key."""

    def __init__(self, *, vault: KeyVault) -> None:
        self._vault = vault

    async def digest(self, command: PlaceOrder) -> str:
        """A command's keyed digest, the same for the same command only.

        Raises:
            CustomerIsClosed: The customer was erased.
        """
        return await self._vault.digest(command.customer_id, _canonical(command))

    async def seal_address(self, command: PlaceOrder, *, order_id: str, event_id: str) -> str:
        """Encrypt the shipping address for an order's first event.

        Raises:
            CustomerIsClosed: The customer was erased.
        """
        address = json.dumps(command.shipping_address, default=_fields, sort_keys=True, ensure_ascii=False)
        return await self._vault.seal(command.customer_id, _address_field(order_id, event_id), address)

    async def address_of(self, order: Order) -> ShippingAddress | None:
        """The shipping address; None once the customer was erased."""
        text = await self._vault.unseal(
            order.customer_id,
            _address_field(order.order_id, order.placed_event_id),
            order.placed.shipping_address_sealed,
        )
        return None if text is None else ShippingAddress(**json.loads(text))


def _address_field(order_id: str, event_id: str) -> SealedField:
    return SealedField(
        order_id=order_id, event_id=event_id, event_type="OrderPlaced", version=1, path=SEALED_ADDRESS
    )


def _canonical(command: PlaceOrder) -> bytes:
    return json.dumps(
        command, default=_fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()


def _fields(value: Any) -> dict[str, Any]:
    # Commands are dataclasses with slots; `dataclasses.asdict` copies all values first.
    return {name: getattr(value, name) for name in value.__slots__}
