"""Who is calling, and from where."""

from interceptors.core.call import Context, current_call, current_call_or_none
from interceptors.core.client_address import client_address
from interceptors.core.identity import ANONYMOUS, Caller, CallerKind

__all__ = ["ANONYMOUS", "Caller", "CallerKind", "caller", "caller_address", "staff_actor"]


def staff_actor() -> str:
    """The caller as the audit names it: `staff:<id>` for a person, `client:<id>` for a program.

    For methods that customers may not call, so that a person who gets this far is staff.
    """
    now = caller()
    return f"staff:{now.subject}" if now.kind is CallerKind.USER else f"client:{now.client_id}"


def caller_address(context: Context) -> str:
    """The IP address that the call being answered comes from."""
    return client_address(current_call(), context)


def caller() -> Caller:
    """The caller of the call being answered; anonymous outside any call."""
    call = current_call_or_none()
    return ANONYMOUS if call is None else call.caller
