"""An account, and what its owner may change."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from services.user.domain.errors import InvalidField
from services.user.domain.scopes import CUSTOMER_SCOPES

MAX_ADDRESSES = 50
DEFAULT_LOCALE = "en"
VERIFICATION_LIFETIME = timedelta(days=1)
"""How long the link of a new account lives, and the account without it, from the last request for it."""
_MAX_NAME_LENGTH = 100
_MAX_LOCALE_LENGTH = 35
CHANGEABLE_FIELDS = ("display_name", "locale")


@dataclass(frozen=True, slots=True)
class Account:
    """One person's account.

    Attributes:
        email: In its normal form.
        display_name: Empty until the account is verified.
        password_hash: Argon2id, in the PHC string format; empty until the account is verified.
        scopes: What a token of the account may carry at most.
        locale: A BCP 47 tag.
        expire_time: When the account ends unless it is verified; None: it is.
        disabled: Whether staff keeps it from logging in.
        pending_email: A new address that waits for its proof; empty: none.
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
    expire_time: datetime | None = None
    disabled: bool = False
    pending_email: str = ""

    @classmethod
    def registered(cls, user_id: str, email: str, *, locale: str | None, at: datetime) -> Self:
        """An account that nobody can log in to yet.

        Raises:
            InvalidField: The language is none.
        """
        if locale is not None and not _is_language_tag(locale):
            raise _no_language("locale")
        return cls(
            user_id=user_id,
            email=email,
            display_name="",
            password_hash="",
            create_time=at,
            update_time=at,
            locale=locale or DEFAULT_LOCALE,
            expire_time=at + VERIFICATION_LIFETIME,
        )

    @property
    def is_staff(self) -> bool:
        """Whether it may do more than a customer."""
        return not self.scopes <= CUSTOMER_SCOPES

    def renewed(self, *, at: datetime) -> Self:
        """Its link was asked for once more."""
        return replace(self, expire_time=at + VERIFICATION_LIFETIME, update_time=at)

    def verified(self, password_hash: str, *, display_name: str, at: datetime) -> Self:
        """Its owner has chosen how to log in.

        Raises:
            InvalidField: The name is empty or too long.
        """
        return replace(
            self,
            display_name=_checked_name(display_name, "displayName"),
            password_hash=password_hash,
            email_verified=True,
            expire_time=None,
            update_time=at,
        )

    def with_fields(self, *, display_name: str | None, locale: str | None, at: datetime) -> Self:
        """Change what is not None.

        Raises:
            InvalidField: A value cannot be used.
        """
        if locale is not None and not _is_language_tag(locale):
            raise _no_language("user.locale")
        name = self.display_name if display_name is None else _checked_name(display_name, "user.displayName")
        return replace(
            self,
            display_name=name,
            locale=self.locale if locale is None else locale,
            update_time=at,
        )

    def with_password(self, password_hash: str, *, at: datetime) -> Self:
        return replace(self, password_hash=password_hash, update_time=at)

    @property
    def may_log_in(self) -> bool:
        return self.email_verified and not self.disabled

    def with_pending_email(self, email: str, *, at: datetime) -> Self:
        return replace(self, pending_email=email, update_time=at)

    def with_confirmed_email(self, *, at: datetime) -> Self:
        """The pending address was proved."""
        return replace(self, email=self.pending_email, pending_email="", update_time=at)

    def with_disabled(self, disabled: bool, *, at: datetime) -> Self:
        return replace(self, disabled=disabled, update_time=at)

    def touched(self, *, at: datetime) -> Self:
        """Changed in nothing but that: what belonged to it as it was ends."""
        return replace(self, update_time=at)

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


def _is_language_tag(text: str) -> bool:
    parts = text.split("-")
    return (
        len(text) <= _MAX_LOCALE_LENGTH
        and text.isascii()
        and parts[0].isalpha()
        and 2 <= len(parts[0]) <= 8
        and all(part.isalnum() and len(part) <= 8 for part in parts)
    )


def _checked_name(name: str, field: str) -> str:
    if not 1 <= len(name.strip()) <= _MAX_NAME_LENGTH:
        raise _invalid(field, f"has to have 1 to {_MAX_NAME_LENGTH} characters")
    return name.strip()


def _no_language(field: str) -> InvalidField:
    return _invalid(field, "has to be a BCP 47 tag, for example en or de-AT")


def _invalid(field: str, rule: str) -> InvalidField:
    return InvalidField(f"{field} {rule}", fields=[(field, rule)])
