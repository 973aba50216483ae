"""The rules of orders that can be broken."""

from services.kernel.errors import DomainError


class OrderNotFound(DomainError):
    """There is no such order, or it is somebody else's: the two must look the same."""

    reason = "ORDER_NOT_FOUND"


class VersionNotFound(DomainError):
    """The order has no such version, or was not there yet at that time."""

    reason = "VERSION_NOT_FOUND"


class InvalidLines(DomainError):
    """The lines cannot be an order."""

    reason = "INVALID_LINES"


class InvalidAddress(DomainError):
    """The address is not one of its country: a rule of the request like those that need no other field."""

    reason = "INVALID_REQUEST"


class UnknownSku(DomainError):
    """The shop does not sell a SKU, or not any more."""

    reason = "UNKNOWN_SKU"


class RequestIdReused(DomainError):
    """The customer has sent another command under this request id."""

    reason = "REQUEST_ID_REUSED"


class WrongState(DomainError):
    """What was asked for is impossible in the state of the order."""

    reason = "WRONG_STATE"


class OrderAlreadyShipped(WrongState):
    """A parcel that is on its way cannot be called back."""

    reason = "ORDER_ALREADY_SHIPPED"


class InvalidShipment(DomainError):
    """A parcel has no name: a rule of the request like those that need no other field."""

    reason = "INVALID_REQUEST"


class ShipmentIdReused(DomainError):
    """The order has another parcel under this id."""

    reason = "SHIPMENT_ID_REUSED"


class ShipmentExceedsOpen(WrongState):
    """More pieces than are still to be shipped."""

    reason = "SHIPMENT_EXCEEDS_OPEN"


class PartsNotReadable(DomainError):
    """Services that follow the orders do not understand part shipments yet: they are being upgraded."""

    reason = "PARTS_NOT_READABLE"


class OrderIsRejected(WrongState):
    """A rejected order stays rejected."""

    reason = "ORDER_REJECTED"


class OrderIsCancelled(WrongState):
    """A cancelled order stays cancelled."""

    reason = "ORDER_CANCELLED"


class OrderNotConfirmed(WrongState):
    """Only a confirmed order can be shipped."""

    reason = "ORDER_NOT_CONFIRMED"


class OrderNotShipped(WrongState):
    """Only a shipped order can be delivered."""

    reason = "ORDER_NOT_SHIPPED"


class CustomerClosed(DomainError):
    """The customer's account is being erased, or was."""

    reason = "CUSTOMER_CLOSED"


class OpenOrders(DomainError):
    """A customer with orders under way cannot be closed."""

    reason = "OPEN_ORDERS"


class InventoryUnavailable(DomainError):
    """Stock and prices cannot be asked for now."""

    reason = "INVENTORY_UNAVAILABLE"


class ChangedMeanwhile(DomainError):
    """Others kept changing the order while it was to be changed."""

    reason = "ORDER_CHANGED_MEANWHILE"


class StoreUnavailable(DomainError):
    """The events or the keys cannot be reached, or take no writes; what was to be stored may be or not."""

    reason = "STORE_UNAVAILABLE"
