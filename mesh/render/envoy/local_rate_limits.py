"""Limits per client address: a token bucket for each class and address.

Limits by caller are the services' own business, since only they know the caller.
"""

import math
from collections.abc import Iterable, Mapping

from mesh.contract import Contract, HttpEndpoint, LimitClass, LimitPer, Method
from mesh.render.envoy.xds import Config, duration, header, http_filter, on

EDGE_CLASS = "edge"
"""The class that every request counts against before anything else is looked at."""

_SHORTEST_FILL_SECONDS = 0.05
_MOST_ADDRESSES = 65_536
"""Buckets kept per class; the longest unused one makes room for a new address."""


def edge_limit(limits: Mapping[str, LimitClass]) -> Config:
    """The filter that counts every request."""
    return _limit_filter(limits[EDGE_CLASS], disabled=False)


def class_limits(contract: Contract, limits: Mapping[str, LimitClass]) -> Iterable[Config]:
    """One filter per class that routes may enable; its buckets are shared by them."""
    routed: tuple[Method | HttpEndpoint, ...] = (*contract.methods, *contract.http_endpoints)
    used = {name for each in routed for name in enabled_limits(each, limits)}
    return [_limit_filter(limits[name], disabled=True) for name in limits if _filter_name(name) in used]


def enabled_limits(routed: Method | HttpEndpoint, limits: Mapping[str, LimitClass]) -> dict[str, Config]:
    """What a route's per-filter configuration says about limits."""
    match routed:
        case HttpEndpoint():
            return {_filter_name(routed.limit_class): on()}
        case Method():
            counted = routed.binding is not None and limits[routed.policy.limit_class].per is LimitPer.ADDRESS
            return {_filter_name(routed.policy.limit_class): on()} if counted else {}


def retry_after_seconds(limit: LimitClass) -> int:
    """How long an empty bucket takes to admit one call, in whole seconds."""
    return math.ceil(60 / limit.rate_per_minute)


def _filter_name(limit_class: str) -> str:
    return f"shopmesh.limit.{limit_class}"


def _limit_filter(limit: LimitClass, *, disabled: bool) -> Config:
    always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return http_filter(
        _filter_name(limit.name),
        "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        {
            "stat_prefix": f"limit_{limit.name}",
            "filter_enabled": always,
            "filter_enforced": always,
            "rate_limits": [{"actions": [{"remote_address": {}}]}],
            "descriptors": [{"entries": [{"key": "remote_address"}], "token_bucket": _bucket(limit)}],
            "token_bucket": _bucket(limit),
            "always_consume_default_token_bucket": False,
            "max_dynamic_descriptors": _MOST_ADDRESSES,
            "response_headers_to_add": [header("retry-after", str(retry_after_seconds(limit)))],
        },
        disabled=disabled,
    )


def _bucket(limit: LimitClass) -> Config:
    """Refills as evenly as Envoy's shortest interval allows."""
    per_second = limit.rate_per_minute / 60
    tokens = max(1, math.ceil(per_second * _SHORTEST_FILL_SECONDS))
    return {
        "max_tokens": limit.burst,
        "tokens_per_fill": tokens,
        "fill_interval": duration(tokens / per_second),
    }
