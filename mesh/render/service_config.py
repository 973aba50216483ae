"""The gRPC service config of a channel: deadlines, retries and balancing from the contract.

gRFC A2 and A6. Deadlines given by a caller that are shorter win; a method is
repeated only where its `idempotency_level` allows it.
"""

from typing import Any

from mesh.contract import Contract, Idempotency, Method

_RETRY_POLICY = {
    "maxAttempts": 3,
    "initialBackoff": "0.05s",
    "maxBackoff": "0.5s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
# A server that fails throughout is not hit three times as hard.
_RETRY_THROTTLING = {"maxTokens": 10, "tokenRatio": 0.1}


def service_config(contract: Contract, mesh_service: str) -> dict[str, Any]:
    """The service config with which to call one service of the mesh.

    Workers are balanced by call, and one that says by health check that it
    cannot do its work (a stopping one too) gets no calls.
    """
    return {
        "loadBalancingConfig": [{"round_robin": {}}],
        "healthCheckConfig": {"serviceName": ""},
        "retryThrottling": dict(_RETRY_THROTTLING),
        "methodConfig": [_method_config(method) for method in contract.methods_of(mesh_service)],
    }


def _method_config(method: Method) -> dict[str, Any]:
    config: dict[str, Any] = {
        "name": [{"service": method.service, "method": method.name}],
        "timeout": f"{method.policy.deadline_seconds:g}s",
    }
    repeatable = method.idempotency is not Idempotency.UNKNOWN
    return {**config, "retryPolicy": dict(_RETRY_POLICY)} if repeatable else config
