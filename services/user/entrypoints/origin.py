"""Who makes a call, and from where, as the security log names it."""

from typing import Any

from interceptors.auth.caller import CallerKind, caller, caller_address, caller_agent, caller_cookies
from services.user.domain.security_event import Origin
from services.user.entrypoints.device_cookies import device_proofs
from services.user.entrypoints.device_name import device_name


def customer_origin(context: Any) -> Origin:
    """The owner of an account, or somebody without a login."""
    who = caller()
    return _origin(f"customer:{who.subject}" if who.kind is CallerKind.USER else "anonymous", context)


def staff_origin(context: Any) -> Origin:
    """A member of staff."""
    return _origin(f"staff:{caller().subject}", context)


def _origin(actor: str, context: Any) -> Origin:
    proofs = device_proofs(caller_cookies())
    return Origin(actor, caller_address(context), device_name(caller_agent()), proofs)
