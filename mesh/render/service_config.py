"""The clients' gRPC service config: deadlines, and retries where the contract allows them.

https://github.com/grpc/grpc/blob/master/doc/service_config.md
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
_RETRY_THROTTLING = {"maxTokens": 10, "tokenRatio": 0.1}


def service_config(contract: Contract, service: str) -> dict[str, Any]:
    """The service config of a channel to one service of the mesh."""
    return {
        "loadBalancingConfig": [{"round_robin": {}}],
        "methodConfig": [_method_config(method) for method in contract.methods_of(service)],
        "retryThrottling": _RETRY_THROTTLING,
    }


def _method_config(method: Method) -> dict[str, Any]:
    config: dict[str, Any] = {
        "name": [{"service": method.service, "method": method.name}],
        "timeout": f"{method.policy.deadline_seconds:g}s",
    }
    if method.idempotency is not Idempotency.UNKNOWN and not method.client_streaming:
        config["retryPolicy"] = _RETRY_POLICY
    return config
