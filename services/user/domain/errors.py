"""The rules that a call can break."""

from services.kernel.errors import DomainError


class UserNotFound(DomainError):
    """There is no such account, or it was erased."""

    reason = "USER_NOT_FOUND"


class AddressNotFound(DomainError):
    """The caller has no such address."""

    reason = "ADDRESS_NOT_FOUND"


class TooManyAddresses(DomainError):
    """The account has as many addresses as it may have."""

    reason = "TOO_MANY_ADDRESSES"


class InvalidField(DomainError):
    """A field has a value that its rules forbid."""

    reason = "INVALID_FIELD"


class InvalidEmail(InvalidField):
    """The mail address can never get a mail."""

    reason = "INVALID_EMAIL"


class InvalidAddress(InvalidField):
    """The address is not one of its country: a rule of the request like those that need no other field."""

    reason = "INVALID_REQUEST"


class WeakPassword(InvalidField):
    """The password is among those that are guessed first."""

    reason = "WEAK_PASSWORD"


class UnknownClient(DomainError):
    """There is no such OAuth client."""

    reason = "UNKNOWN_CLIENT"


class UnknownScope(InvalidField):
    """Accounts cannot have this scope."""

    reason = "UNKNOWN_SCOPE"


class AccountDisabled(DomainError):
    """Staff keeps the account from logging in."""

    reason = "ACCOUNT_DISABLED"


class EmailTaken(DomainError):
    """Another account has the address."""

    reason = "EMAIL_TAKEN"


class OwnAccount(DomainError):
    """Nobody decides about their own rights."""

    reason = "OWN_ACCOUNT"


class LastAdmin(DomainError):
    """Without this account nobody could give rights any more."""

    reason = "LAST_ADMIN"


class AdminExists(DomainError):
    """There is somebody who can give rights."""

    reason = "ADMIN_EXISTS"


class WrongPassword(DomainError):
    """The password is not the account's."""

    reason = "WRONG_PASSWORD"


class TooManyAttempts(DomainError):
    """Too many wrong passwords were tried for this account."""

    reason = "TOO_MANY_ATTEMPTS"


class TooBusy(DomainError):
    """So many passwords are being checked that another one would wait for long."""

    reason = "TOO_BUSY"


class LinkInvalid(DomainError):
    """The token of a mailed link is unknown, used or expired."""

    reason = "TOKEN_INVALID"


class OpenOrders(DomainError):
    """An account with an order on its way cannot be erased."""

    reason = "OPEN_ORDERS"


class OrdersUnavailable(DomainError):
    """The order service cannot say whether the customer has open orders."""

    reason = "ORDERS_UNAVAILABLE"


class StoreUnavailable(DomainError):
    """The database cannot be reached, or takes no writes; nothing was changed."""

    reason = "STORE_UNAVAILABLE"
