"""The cookies by which accounts know a browser."""

from collections.abc import Mapping

from starlette.requests import cookie_parser

PREFIX = "__Host-device-"


def device_proofs(header: str) -> Mapping[str, str]:
    """Those of a Cookie header, by the names that accounts give them."""
    return {
        name.removeprefix(PREFIX): value
        for name, value in cookie_parser(header).items()
        if name.startswith(PREFIX)
    }
