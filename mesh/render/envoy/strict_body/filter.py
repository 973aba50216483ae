"""The filter, and what a route says to it."""

from collections.abc import Iterable
from importlib.resources import files

from mesh.contract import Method
from mesh.render.envoy.strict_body.tables import tables
from mesh.render.envoy.xds import Config, http_filter, typed

STRICT_BODY = "envoy.filters.http.lua"


def strict_body_filter(methods: Iterable[Method]) -> Config:
    """The filter, which a route enables by naming its method."""
    return http_filter(
        STRICT_BODY,
        "envoy.extensions.filters.http.lua.v3.Lua",
        {"default_source_code": {"inline_string": script(methods)}},
        disabled=True,
    )


def strict(method: Method) -> dict[str, Config]:
    """What the route of a binding with a body enables."""
    per_route = {"filter_context": {"method": method.full_name}}
    return {STRICT_BODY: typed("envoy.extensions.filters.http.lua.v3.LuaPerRoute", per_route)}


def script(methods: Iterable[Method]) -> str:
    """The tables of these methods, and what reads bodies by them."""
    folder = files(__package__)
    return "\n".join([tables(methods), *(folder.joinpath(name).read_text() for name in _PARTS)])


_PARTS = ("walker.lua", "handler.lua")
