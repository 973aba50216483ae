"""What refusals are called on pages, in the visitor's language."""

import math
from collections.abc import Callable, Mapping

from mesh.languages import N_
from mesh.server.refusals import Refusal

Say = Callable[[str], str]

_WORDS: Mapping[str, str] = {
    "WRONG_PASSWORD": N_("This address and this password do not belong together."),
    "ACCOUNT_DISABLED": N_("This account is closed for now. Please write to the shop."),
    "TOKEN_INVALID": N_(
        "This link does not work any more: it is too old, was used, or your account has changed since."
    ),
    "EMAIL_TAKEN": N_("Another account has this address by now."),
    "OPEN_ORDERS": N_("An order of yours is on its way. Once it has arrived you can erase the account."),
    "ORDERS_UNAVAILABLE": N_("Whether an order is on its way cannot be said now. Please try again soon."),
    "LAST_ADMIN": N_("Nobody else could give rights any more. Give yours to another account first."),
    "TOO_MANY_ADDRESSES": N_("You have 50 addresses; remove one first."),
    "ADDRESS_NOT_FOUND": N_("This address is gone already."),
    "TOO_BUSY": N_("Too many people are logging in. Please try again in a moment."),
}
"""By the reason of a refusal, where it is about the whole form."""

_RULES: Mapping[str, str] = {
    "has to have 12 to 128 characters": N_("It has to have 12 to 128 characters."),
    "has to have 15 to 128 characters": N_("It has to have 15 to 128 characters."),
    "is what many people choose; take several words that do not belong together": N_(
        "It is what many people choose. Take several words that do not belong together."
    ),
    "repeats itself; take several words that do not belong together": N_(
        "It repeats itself. Take several words that do not belong together."
    ),
    "is the address of the account; take another one": N_(
        "It is the address of the account. Take another one."
    ),
}
"""What a password may not be, by the domain's own words (`domain.password`)."""


def words_for(refusal: Refusal, say: Say) -> tuple[str, Mapping[str, str]]:
    """What a page says of a refusal: of the whole form, and of single fields of it."""
    match refusal.reason:
        case "TOO_MANY_ATTEMPTS" | "RATE_LIMITED":
            seconds = max(1, math.ceil(refusal.retry_after_seconds or 1))
            return say("That was too often. Please try again in %(seconds)s seconds.") % {
                "seconds": seconds
            }, {}
        case "WEAK_PASSWORD":
            return "", {name: say(_RULES[rule]) for name, rule in refusal.fields}
        case "INVALID_EMAIL":
            return "", {name: say("No mail can ever reach this address.") for name, _ in refusal.fields}
        case reason if reason in _WORDS:
            return say(_WORDS[reason]), {}
    if refusal.fields:
        return "", {name: say("This cannot be so. Please look at it again.") for name, _ in refusal.fields}
    return say("The shop cannot answer this request."), {}
