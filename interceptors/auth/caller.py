"""Who is calling, and from where."""

from interceptors.core.call import Context, current_call, current_call_or_none
from interceptors.core.client_address import client_address
from interceptors.core.identity import ANONYMOUS, Caller, CallerKind

__all__ = [
    "ANONYMOUS",
    "Caller",
    "CallerKind",
    "caller",
    "caller_address",
    "caller_agent",
    "caller_cookies",
    "staff_actor",
]


def staff_actor() -> str:
    """The caller as the audit names it: `staff:<id>` for a person, `client:<id>` for a program.

    For methods that customers may not call, so that a person who gets this far is staff.
    """
    now = caller()
    return f"staff:{now.subject}" if now.kind is CallerKind.USER else f"client:{now.client_id}"


def caller_address(context: Context) -> str:
    """The IP address that the call being answered comes from."""
    return client_address(current_call(), context)


def caller_agent() -> str:
    """What the program that calls says it is; empty: nothing."""
    return current_call().text("user-agent")


def caller_cookies() -> str:
    """The cookies of the call, as a Cookie header has them; the front door lets none through."""
    return current_call().text("cookie")


def caller() -> Caller:
    """The caller of the call being answered; anonymous outside any call."""
    call = current_call_or_none()
    return ANONYMOUS if call is None else call.caller
