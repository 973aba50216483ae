"""The web page: each file of a folder as a route that answers its bytes."""

import mimetypes
import re
from collections.abc import Iterator
from pathlib import Path

from mesh.render.envoy.direct_responses import wrong_verb
from mesh.render.envoy.jwt import no_token
from mesh.render.envoy.xds import Config, by_verb, header

INDEX = "index.html"
_VERBS = ("GET", "HEAD")
_HASHED = re.compile(r"[.-][A-Za-z0-9_-]{8,}\.[a-z0-9]+$")
"""A name with a hash of its content, as bundlers write it: it may be kept for ever."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)


def page_routes(folder: Path) -> Iterator[Config]:
    """One route per file, the index at `/`; no listing and nothing beside."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix()
        path = "/" if name == INDEX else f"/{name}"
        yield _file_route(path, file)
        yield wrong_verb(path, {"path": path}, _VERBS)


def _file_route(path: str, file: Path) -> Config:
    return {
        "name": path,
        "match": {"path": path, "headers": [by_verb(_VERBS)]},
        "direct_response": {"status": 200, "body": {"filename": str(file)}},
        "response_headers_to_add": [
            header("content-type", _content_type(file)),
            header("cache-control", _lifetime(file)),
            header("content-security-policy", _POLICY),
        ],
        "typed_per_filter_config": no_token(),
    }


def _content_type(file: Path) -> str:
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _lifetime(file: Path) -> str:
    return "public, max-age=31536000, immutable" if _HASHED.search(file.name) else "no-cache"
