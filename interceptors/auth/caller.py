"""Who is calling."""

from interceptors.auth.identity import ANONYMOUS, Caller, CallerKind
from interceptors.core.call import current_call_or_none

__all__ = ["ANONYMOUS", "Caller", "CallerKind", "caller"]


def caller() -> Caller:
    """The caller of the call being answered; anonymous outside any call."""
    call = current_call_or_none()
    return ANONYMOUS if call is None else call.caller
