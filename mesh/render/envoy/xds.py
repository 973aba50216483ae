"""Small forms of Envoy's configuration language that every part of it uses."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

Config = dict[str, Any]
"""A message of Envoy's API in its JSON form."""


def typed(message: str, fields: Mapping[str, Any] | None = None) -> Config:
    """An extension's configuration: the message's name and its fields."""
    return {"@type": f"type.googleapis.com/{message}", **(fields or {})}


def http_filter(name: str, message: str, fields: Mapping[str, Any], *, disabled: bool = False) -> Config:
    """An HTTP filter; a disabled one runs only on routes that enable it."""
    config: Config = {"name": name, "typed_config": typed(message, fields)}
    return {**config, "disabled": True} if disabled else config


def on() -> Config:
    """Enables, on a route, a filter that is disabled by default."""
    return typed("envoy.config.route.v3.FilterConfig", {"config": {}})


def off() -> Config:
    """Disables a filter on a route."""
    return typed("envoy.config.route.v3.FilterConfig", {"disabled": True})


def duration(seconds: float) -> str:
    """A `google.protobuf.Duration` as JSON."""
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"


def address(port: int, host: str = "127.0.0.1") -> Config:
    """A TCP address; loopback by default."""
    return {"socket_address": {"address": host, "port_value": port}}


def header(name: str, value: str, action: str = "OVERWRITE_IF_EXISTS_OR_ADD") -> Config:
    """A header to set."""
    return {"header": {"key": name, "value": value}, "append_action": action}


def by_verb(verbs: Iterable[str]) -> Config:
    """Matches requests with one of these verbs."""
    return {"name": ":method", "string_match": {"safe_regex": {"regex": "|".join(verbs)}}}


def dump(config: Config) -> str:
    """The configuration as YAML, in the order in which it was composed."""
    return yaml.dump(config, Dumper=_Plain, sort_keys=False, width=110, allow_unicode=True)


class _Plain(yaml.SafeDumper):
    """YAML without anchors: what occurs twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
