"""Routes that refuse; the body is made by the local reply of their status."""

from collections.abc import Iterable

from mesh.render.envoy.jwt import no_token
from mesh.render.envoy.xds import Config, header


def refusal(name: str, match: Config, status: int) -> Config:
    """Answers a status, with, without or with a bad token."""
    return {
        "name": name,
        "match": match,
        "direct_response": {"status": status},
        "typed_per_filter_config": no_token(),
    }


def wrong_verb(name: str, path: Config, allow: Iterable[str]) -> Config:
    """Answers 405 to whatever the routes before it did not take."""
    return {**refusal(name, path, 405), "response_headers_to_add": [header("allow", ", ".join(allow))]}
