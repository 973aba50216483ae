"""Whether a caller may do what the contract describes."""

from datetime import datetime

import grpc

from interceptors.core.identity import Caller, CallerKind
from interceptors.core.status_error import StatusError
from mesh.contract import Access, Policy


def authorize(policy: Policy, caller: Caller, *, now: datetime) -> None:
    """Let a caller pass who may.

    Raises:
        StatusError: The caller may not; says why.
    """
    if policy.access is Access.PUBLIC:
        return
    if caller.kind is CallerKind.ANONYMOUS:
        raise unauthenticated("an access token is required", reason="TOKEN_REQUIRED")
    if policy.access is Access.INTERNAL:
        _require_service(caller)
        return
    _require_scope(policy, caller)
    if policy.max_login_age_seconds is not None:
        _require_fresh_login(policy.max_login_age_seconds, caller, now)


def unauthenticated(message: str, reason: str = "TOKEN_INVALID") -> StatusError:
    """The refusal of somebody who is nobody."""
    return StatusError(grpc.StatusCode.UNAUTHENTICATED, reason, message)


def _require_fresh_login(allowed_seconds: float, caller: Caller, now: datetime) -> None:
    age = None if caller.auth_time is None else (now - caller.auth_time).total_seconds()
    if age is None or age > allowed_seconds:
        raise _denied(
            "LOGIN_TOO_OLD",
            f"the password has to be entered at most {allowed_seconds:g} s before; log in again",
        )


def _require_service(caller: Caller) -> None:
    if caller.kind is not CallerKind.SERVICE:
        raise _denied("INTERNAL_METHOD", "only services of the mesh may call this method")


def _require_scope(policy: Policy, caller: Caller) -> None:
    if not policy.scopes & caller.scopes:
        raise _denied(
            "SCOPE_MISSING", f"the token needs one of the scopes: {' '.join(sorted(policy.scopes))}"
        )
    if (
        policy.owner is not None
        and caller.kind is not CallerKind.USER
        and not policy.owner.bypass_scopes & caller.scopes
    ):
        raise _denied("USER_REQUIRED", "only the token of a user owns anything here")


def _denied(reason: str, message: str) -> StatusError:
    return StatusError(grpc.StatusCode.PERMISSION_DENIED, reason, message)
