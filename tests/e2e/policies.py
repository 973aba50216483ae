"""Who may do what, computed from the contract's options alone."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from shopmesh.policy.v1 import policy_pb2
from tests.e2e.contract_methods import Method

API = "shopmesh-api"


class Kind(Enum):
    """What stands behind a token."""

    NOBODY = "nobody"
    USER = "user"
    CLIENT = "client"
    SERVICE = "service"


class Verdict(Enum):
    """What becomes of a call that breaks no rule."""

    ADMITTED = "admitted"
    UNAUTHENTICATED = "unauthenticated"
    DENIED = "denied"
    HIDDEN = "hidden: somebody else's object answers like none"
    UNROUTED = "unrouted"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who calls.

    Attributes:
        tokens: By the service that is called.
        owns: Whether the objects that requests name are this caller's.
    """

    name: str
    kind: Kind
    tokens: Mapping[str, str] = field(default_factory=dict)
    owns: bool = False

    def token(self, service: str) -> str:
        return self.tokens.get(service, "")

    def __str__(self) -> str:
        return self.name


def claims_of(token: str) -> Mapping[str, str]:
    """What a token says, unverified."""
    payload = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


def verdict(method: Method, caller: Caller, *, at_edge: bool) -> Verdict:
    """What the contract says about a call through the front proxy, or on the service's own port."""
    token = caller.token(method.service)
    if at_edge and not method.verb:
        return Verdict.UNROUTED
    if at_edge and token and claims_of(token)["aud"] != API:
        return Verdict.UNAUTHENTICATED
    if method.policy.access == policy_pb2.ACCESS_PUBLIC:
        return Verdict.ADMITTED
    if caller.kind is Kind.NOBODY:
        return Verdict.UNAUTHENTICATED
    if method.policy.access == policy_pb2.ACCESS_INTERNAL:
        return Verdict.ADMITTED if caller.kind is Kind.SERVICE else Verdict.DENIED
    return _by_scope(method.policy, caller, frozenset(claims_of(token).get("scope", "").split()))


def _by_scope(policy: policy_pb2.MethodPolicy, caller: Caller, scopes: frozenset[str]) -> Verdict:
    if not scopes & set(policy.scopes):
        return Verdict.DENIED
    if not policy.HasField("owner") or scopes & set(policy.owner.bypass_scopes):
        return Verdict.ADMITTED
    if caller.kind is not Kind.USER:
        return Verdict.DENIED
    return Verdict.ADMITTED if caller.owns or not policy.owner.field else Verdict.HIDDEN
