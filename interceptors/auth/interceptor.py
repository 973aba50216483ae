"""Authentication and authorization of every call, by the contract's policy."""

import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Any

import grpc

from interceptors.auth.authorization import authorize, unauthenticated
from interceptors.auth.keys import KeysUnavailable
from interceptors.auth.tokens import InvalidToken, TokenVerifier
from interceptors.core.call import Call, Context
from interceptors.core.hooks import Hook
from interceptors.core.identity import ANONYMOUS, Caller
from interceptors.core.status_error import StatusError

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
        authorize(call.method.policy, call.caller, now=self._clock())

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
            raise unauthenticated(str(invalid)) from None
        except KeysUnavailable:
            raise StatusError(
                grpc.StatusCode.UNAVAILABLE,
                "AUTH_KEYS_UNAVAILABLE",
                "tokens cannot be verified: there is no key set yet",
                retry_after_seconds=1.0,
            ) from None
