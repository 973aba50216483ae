"""An account, and what its owner may change."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from services.user.domain.errors import InvalidField
from services.user.domain.scopes import CUSTOMER_SCOPES

MAX_ADDRESSES = 50
DEFAULT_LOCALE = "en"
_MAX_NAME_LENGTH = 100
_MAX_LOCALE_LENGTH = 35
CHANGEABLE_FIELDS = ("display_name", "locale")


def normal_email(email: str) -> str:
    """The form in which addresses are stored and compared."""
    return email.strip().lower()


@dataclass(frozen=True, slots=True)
class Account:
    """One person's account.

    Attributes:
        email: In its normal form.
        password_hash: Argon2id, in the PHC string format.
        scopes: What a token of the account may carry at most.
        locale: A BCP 47 tag.
    """

    user_id: str
    email: str
    display_name: str
    password_hash: str
    create_time: datetime
    update_time: datetime
    email_verified: bool = False
    scopes: frozenset[str] = CUSTOMER_SCOPES
    locale: str = DEFAULT_LOCALE

    def with_fields(self, *, display_name: str | None, locale: str | None, at: datetime) -> Self:
        """Change what is not None.

        Raises:
            InvalidField: A value cannot be used.
        """
        if display_name is not None and not 1 <= len(display_name.strip()) <= _MAX_NAME_LENGTH:
            raise _invalid("user.displayName", f"has to have 1 to {_MAX_NAME_LENGTH} characters")
        if locale is not None and not _is_language_tag(locale):
            raise _invalid("user.locale", "has to be a BCP 47 tag, for example en or de-AT")
        return replace(
            self,
            display_name=self.display_name if display_name is None else display_name.strip(),
            locale=self.locale if locale is None else locale,
            update_time=at,
        )

    def with_password(self, password_hash: str, *, at: datetime) -> Self:
        return replace(self, password_hash=password_hash, update_time=at)

    def verified(self, *, at: datetime) -> Self:
        return replace(self, email_verified=True, update_time=at)

    def with_scopes(self, scopes: frozenset[str], *, at: datetime) -> Self:
        return replace(self, scopes=scopes, update_time=at)


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address of an account."""

    address_id: str
    user_id: str
    recipient: str
    line1: str
    line2: str
    city: str
    region: str
    postal_code: str
    country_code: str
    create_time: datetime


@dataclass(frozen=True, slots=True)
class Activity:
    """Something that happened to an account, for its owner's export."""

    kind: str
    occur_time: datetime


def _is_language_tag(text: str) -> bool:
    parts = text.split("-")
    return (
        len(text) <= _MAX_LOCALE_LENGTH
        and text.isascii()
        and parts[0].isalpha()
        and 2 <= len(parts[0]) <= 8
        and all(part.isalnum() and len(part) <= 8 for part in parts)
    )


def _invalid(field: str, rule: str) -> InvalidField:
    return InvalidField(f"{field} {rule}", fields=[(field, rule)])
