"""Which scopes an account may have, and which of them a token carries."""

from collections.abc import Iterable

CUSTOMER_SCOPES = frozenset({"profile", "orders"})
"""What every account may do from the start."""

ADMIN_SCOPE = "users:admin"
"""Gives rights to others; there is always somebody who has it."""

IDENTITY_SCOPES = frozenset({"openid", "email"})
"""OpenID Connect's scopes: they say what a client learns, and permit no call."""

CLIENT_SCOPES = frozenset({"wms"})
"""Scopes that only clients have, never accounts."""


def scope_set(text: str | None) -> frozenset[str]:
    """Split an OAuth scope parameter (RFC 6749 §3.3)."""
    return frozenset((text or "").split())


def scope_text(scopes: Iterable[str]) -> str:
    """Join scopes in the one order in which we print them."""
    return " ".join(sorted(scopes))


def granted_scopes(requested: frozenset[str], allowed: frozenset[str]) -> frozenset[str]:
    """What a token carries: all that is allowed unless the request names less."""
    if not requested:
        return allowed
    return requested & (allowed | IDENTITY_SCOPES)
