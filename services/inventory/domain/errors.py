"""Inventory's rules, by what breaks them."""

from services.kernel.errors import DomainError


class ProductNotFound(DomainError):
    """No product has this SKU."""

    reason = "PRODUCT_NOT_FOUND"


class ProductExists(DomainError):
    """The SKU is taken."""

    reason = "PRODUCT_EXISTS"


class InvalidProduct(DomainError):
    """A product cannot be changed like that."""

    reason = "INVALID_PRODUCT"


class CatalogContended(DomainError):
    """Others added the same products at the same time."""

    reason = "CATALOG_CONTENDED"


class StockNotFound(DomainError):
    """There is no stock of an unknown SKU."""

    reason = "STOCK_NOT_FOUND"


class WarehouseNotFound(DomainError):
    """No warehouse has this name."""

    reason = "WAREHOUSE_NOT_FOUND"


class WarehouseRequired(DomainError):
    """Which warehouse is meant does not follow from the SKU."""

    reason = "WAREHOUSE_REQUIRED"


class BelowReserved(DomainError):
    """Less would be on hand than orders have a claim on."""

    reason = "BELOW_RESERVED"


class TooMuchStock(DomainError):
    """More pieces than a warehouse can have of one SKU."""

    reason = "TOO_MUCH_STOCK"


class RequestIdReused(DomainError):
    """The request id names another command."""

    reason = "REQUEST_ID_REUSED"


class ReservationNotFound(DomainError):
    """Nothing was ever held for this order."""

    reason = "RESERVATION_NOT_FOUND"


class ReservationDiffers(DomainError):
    """Other lines were held for this order."""

    reason = "RESERVATION_DIFFERS"


class ReservationExpired(DomainError):
    """The hold ran out."""

    reason = "RESERVATION_EXPIRED"


class ReservationReleased(DomainError):
    """The reservation was given back, for good."""

    reason = "RESERVATION_RELEASED"


class ShipmentNotHeard(DomainError):
    """The order has shipped pieces, and the events that say so have not come yet."""

    reason = "SHIPMENT_NOT_HEARD"


class DuplicateLine(DomainError):
    """A snapshot has two numbers for one shelf."""

    reason = "DUPLICATE_LINE"


class StockContended(DomainError):
    """Others changed the same stock at the same time, again and again."""

    reason = "STOCK_CONTENDED"


class StoreUnavailable(DomainError):
    """The database cannot be used now."""

    reason = "STORE_UNAVAILABLE"
