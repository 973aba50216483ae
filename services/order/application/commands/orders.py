"""Placing orders, and taking placed ones back."""

from collections.abc import Mapping, Sequence

from services.kernel.ids import NewId
from services.order.application.commands.changes import OrderChanges
from services.order.application.commands.deadline import Deadline
from services.order.application.commands.decisions import Decisions
from services.order.application.journal import Cause, History, Journal
from services.order.application.place_order import PlaceOrder
from services.order.application.ports import (
    AddressProblems,
    CustomerIsClosed,
    Failpoint,
    Inventory,
    InventoryUnreachable,
    KeyVault,
    VersionTaken,
)
from services.order.application.sealing import Sealing
from services.order.domain.errors import (
    CustomerClosed,
    InvalidAddress,
    InventoryUnavailable,
    RequestIdReused,
    UnknownSku,
)
from services.order.domain.events import (
    CancelReason,
    OrderPlaced,
    OrderRejected,
    PlacedLine,
    RejectionReason,
)
from services.order.domain.lines import Line, ShippingAddress, require_orderable
from services.order.domain.order import Order, order_id_of
from services.order.domain.pricing import Product, Quote, order_total, quote_of

# The catalogue is asked for early answers and names only: it must not eat up the time to reserve.
_LOOK_UP_SECONDS = 2.0
# The front proxy tries a read three times: even then the caller hears why before the deadline.
_QUOTE_SECONDS = 1.5


class Orders:
    """The commands of customers."""

    def __init__(
        self,
        *,
        journal: Journal,
        decisions: Decisions,
        inventory: Inventory,
        vault: KeyVault,
        sealing: Sealing,
        changes: OrderChanges,
        address_problems: AddressProblems,
        new_id: NewId,
        reached: Failpoint,
    ) -> None:
        self._journal = journal
        self._decisions = decisions
        self._inventory = inventory
        self._vault = vault
        self._sealing = sealing
        self._changes = changes
        self._address_problems = address_problems
        self._new_id = new_id
        self._reached = reached

    async def quote(self, lines: Sequence[Line], *, deadline: Deadline) -> Quote:
        """Price lines.

        Raises:
            InvalidLines: They break a rule.
            InventoryUnavailable: The catalogue does not answer.
        """
        require_orderable(lines)
        skus = [line.sku for line in lines]
        try:
            timeout = deadline.for_calls(_QUOTE_SECONDS)
            products = await self._inventory.products(skus, timeout_seconds=timeout)
        except InventoryUnreachable:
            message = "prices and stock cannot be asked for now"
            raise InventoryUnavailable(message, retry_after_seconds=1.0) from None
        return quote_of(lines, products)

    async def place(
        self, command: PlaceOrder, cause: Cause, *, as_sent: PlaceOrder | None = None, deadline: Deadline
    ) -> Order:
        """Place an order and decide it where possible; a repeat answers the order as it is.

        Args:
            command: What is ordered.
            as_sent: The same with its texts as the customer wrote them, as orders were once recorded.
            cause: Who orders.
            deadline: When the caller stops waiting.

        Raises:
            InvalidLines: They break a rule.
            InvalidAddress: It is not an address of its country.
            UnknownSku: The shop does not sell a SKU.
            RequestIdReused: Another command was sent under this request id.
            CustomerClosed: The account is being erased, or was.
        """
        require_orderable(command.lines)
        order_id = order_id_of(command.customer_id, command.request_id)
        earlier = await self._journal.find(order_id)
        commands = (command,) if as_sent in (None, command) else (as_sent, command)
        if earlier is not None:
            return await self._repeated(earlier, commands)
        self._require_address(command.shipping_address)
        products = await self._look_up(command.lines, deadline)
        try:
            history = await self._begin(order_id, command, products, cause)
        except VersionTaken:
            return await self._repeated(await self._changes.existing(order_id), commands)
        self._reached("order_placed")
        await self._require_still_open(history, cause, deadline)
        return await self._decided(history, cause, deadline)

    async def cancel(self, order_id: str, customer_id: str, cause: Cause, *, deadline: Deadline) -> Order:
        """Take one of the customer's orders back and release its stock.

        Raises:
            OrderNotFound: There is none, or it is somebody else's.
            OrderAlreadyShipped: It has left the warehouse.
            OrderIsRejected: It was never going to be delivered.
            ChangedMeanwhile: Others kept changing it.
        """
        history = await self._changes.change(
            order_id, lambda order: order.cancel(CancelReason.CUSTOMER), cause, customer_id=customer_id
        )
        return (await self._decisions.release_stock_if_ended(history, deadline=deadline)).order

    async def give_up(self, order_id: str, cause: Cause, *, deadline: Deadline) -> Order:
        """Take an order back for which there is not enough, and release its stock.

        Raises:
            OrderNotFound: There is none.
            OrderAlreadyShipped: It has left the warehouse.
            OrderIsRejected: It was never going to be delivered.
            ChangedMeanwhile: Others kept changing it.
        """
        history = await self._changes.change(
            order_id, lambda order: order.cancel(CancelReason.SHORTAGE), cause
        )
        return (await self._decisions.release_stock_if_ended(history, deadline=deadline)).order

    def _require_address(self, address: ShippingAddress) -> None:
        if problems := tuple(self._address_problems(address)):
            fields = [(f"shippingAddress.{field}", problem) for field, problem in problems]
            raise InvalidAddress("; ".join(f"{field} {problem}" for field, problem in fields), fields=fields)

    async def _repeated(self, history: History, commands: Sequence[PlaceOrder]) -> Order:
        placed = history.order.placed
        try:
            digests = [await self._sealing.digest(command) for command in commands]
        except CustomerIsClosed:
            raise _closed(placed.customer_id) from None
        if placed.command_digest not in digests:
            raise RequestIdReused(
                f"requestId {placed.request_id} stands for another order of yours",
                fields=[("requestId", "was used for another order before; choose a new one")],
                metadata={"orderId": history.order.order_id},
            )
        return history.order

    async def _look_up(self, lines: Sequence[Line], deadline: Deadline) -> Mapping[str, Product]:
        """What the shop sells of the lines; empty when it cannot be asked."""
        skus = [line.sku for line in lines]
        try:
            timeout = deadline.for_calls(_LOOK_UP_SECONDS)
            products = await self._inventory.products(skus, timeout_seconds=timeout)
        except InventoryUnreachable:
            return {}
        _require_sold(lines, products)
        order_total(_placed_lines(lines, products), [products[sku].price for sku in skus])
        return products

    async def _begin(
        self, order_id: str, command: PlaceOrder, products: Mapping[str, Product], cause: Cause
    ) -> History:
        event_id = self._new_id()
        try:
            await self._vault.require_open(command.customer_id)
            sealed = await self._sealing.seal_address(command, order_id=order_id, event_id=event_id)
            digest = await self._sealing.digest(command)
        except CustomerIsClosed:
            raise _closed(command.customer_id) from None
        placed = OrderPlaced(
            customer_id=command.customer_id,
            request_id=command.request_id,
            lines=_placed_lines(command.lines, products),
            expected_total=command.expected_total,
            shipping_address_sealed=sealed,
            command_digest=digest,
        )
        return await self._journal.begin(order_id, placed, cause, event_id=event_id)

    async def _require_still_open(self, history: History, cause: Cause, deadline: Deadline) -> None:
        """Between the first look and the append the account may have begun to be erased."""
        try:
            await self._vault.require_open(history.order.customer_id)
        except CustomerIsClosed:
            rejection = OrderRejected(RejectionReason.UNAVAILABLE)
            await self._decisions.reject(history, rejection, cause, deadline=deadline)
            raise _closed(history.order.customer_id) from None

    async def _decided(self, history: History, cause: Cause, deadline: Deadline) -> Order:
        try:
            return (await self._decisions.decide(history, cause, deadline=deadline)).order
        except InventoryUnreachable:
            return (await self._changes.existing(history.order.order_id)).order


def _placed_lines(lines: Sequence[Line], products: Mapping[str, Product]) -> tuple[PlacedLine, ...]:
    return tuple(
        PlacedLine(line.sku, products[line.sku].name if line.sku in products else "", line.quantity)
        for line in lines
    )


def _require_sold(lines: Sequence[Line], products: Mapping[str, Product]) -> None:
    problems = [
        (f"lines[{index}].sku", f"the shop does not sell {line.sku}")
        for index, line in enumerate(lines)
        if line.sku not in products
    ]
    if problems:
        raise UnknownSku("; ".join(problem for _, problem in problems), fields=problems)


def _closed(customer_id: str) -> CustomerClosed:
    return CustomerClosed(f"customer {customer_id} is being erased and cannot order any more")
