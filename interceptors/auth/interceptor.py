"""Authentication and authorization of every call, by the contract's policy."""

import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Any

import grpc

from interceptors.auth.keys import KeysUnavailable
from interceptors.auth.tokens import InvalidToken, TokenVerifier
from interceptors.core.call import Call, Context
from interceptors.core.hooks import Hook
from interceptors.core.identity import ANONYMOUS, Caller, CallerKind
from interceptors.core.status_error import StatusError
from mesh.contract import Access, Policy

EDGE_PROOF_KEY = "x-shopmesh-edge"


class AuthInterceptor(Hook):
    """Finds out who calls, and refuses who may not.

    A token that is sent is verified on public methods too. The front proxy proves
    itself with a secret.
    """

    def __init__(self, *, verifier: TokenVerifier, edge_secret: str, clock: Callable[[], datetime]) -> None:
        self._verifier = verifier
        self._edge_secret = edge_secret.encode()
        self._clock = clock

    def on_start(self, call: Call, request_or_iterator: Any, context: Context) -> None:
        """Let a caller pass who may."""
        call.from_edge = self._is_edge(call)
        call.caller = self._authenticated(call)
        self._authorize(call.method.policy, call.caller)

    def _is_edge(self, call: Call) -> bool:
        sent = call.text(EDGE_PROOF_KEY)
        return bool(sent and self._edge_secret) and hmac.compare_digest(sent.encode(), self._edge_secret)

    def _authenticated(self, call: Call) -> Caller:
        authorization = call.text("authorization")
        if not authorization:
            return ANONYMOUS
        try:
            return self._verifier.verify(authorization)
        except InvalidToken as invalid:
            raise _unauthenticated(str(invalid)) from None
        except KeysUnavailable:
            raise StatusError(
                grpc.StatusCode.UNAVAILABLE,
                "AUTH_KEYS_UNAVAILABLE",
                "tokens cannot be verified: there is no key set yet",
                retry_after_seconds=1.0,
            ) from None

    def _authorize(self, policy: Policy, caller: Caller) -> None:
        if policy.access is Access.PUBLIC:
            return
        if caller.kind is CallerKind.ANONYMOUS:
            raise _unauthenticated("an access token is required", reason="TOKEN_REQUIRED")
        if policy.access is Access.INTERNAL:
            _require_service(caller)
            return
        _require_scope(policy, caller)
        if policy.max_login_age_seconds is not None:
            self._require_fresh_login(policy.max_login_age_seconds, caller)

    def _require_fresh_login(self, allowed_seconds: float, caller: Caller) -> None:
        age = None if caller.auth_time is None else (self._clock() - caller.auth_time).total_seconds()
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


def _unauthenticated(message: str, reason: str = "TOKEN_INVALID") -> StatusError:
    return StatusError(grpc.StatusCode.UNAUTHENTICATED, reason, message)


def _denied(reason: str, message: str) -> StatusError:
    return StatusError(grpc.StatusCode.PERMISSION_DENIED, reason, message)
