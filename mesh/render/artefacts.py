"""What is rendered for the default mesh and committed: path → text."""

import json
from pathlib import Path

from mesh.contract import Contract
from mesh.render.envoy.config import render_envoy
from mesh.render.envoy.front_door import FrontDoor
from mesh.render.envoy.xds import dump
from mesh.render.limits_page import limits_page
from mesh.render.openapi.document import render_openapi
from mesh.render.page_data import page_data
from mesh.render.service_config import service_config
from mesh.topology import SERVICES

ENVOY = Path("mesh/front_proxy/envoy.yaml")
OPENAPI = Path("docs/openapi.yaml")
LIMITS = Path("docs/rate-limits.md")

PAGE = Path("web/dist")
PAGE_DATA = Path("web/src/places_data.ts")
SERVICE_CONFIGS = Path("mesh/client/service_configs")

_NOTICE = "# Rendered from the contract by `make render`; do not edit.\n"
_START = """\
# Runs as it stands once `make up` has made keys and secrets in .shopmesh and was stopped; from the checkout:
# SHOPMESH_EDGE_SECRET=$(cat .shopmesh/secrets/edge.secret) .venv/bin/envoy -c mesh/front_proxy/envoy.yaml
"""


def artefacts(contract: Contract) -> dict[Path, str]:
    """All committed artefacts, with the contract's own limits; paths are relative to the checkout."""
    limits = contract.limit_classes
    return {
        ENVOY: _NOTICE + _START + dump(render_envoy(contract, limits, FrontDoor(static=_page()))),
        OPENAPI: _NOTICE + dump(render_openapi(contract, limits)),
        LIMITS: limits_page(contract, limits),
        PAGE_DATA: page_data(),
    } | {
        SERVICE_CONFIGS / f"{service}.json": json.dumps(service_config(contract, service), indent=2) + "\n"
        for service in SERVICES
    }


def _page() -> Path | None:
    return PAGE if (PAGE / "index.html").exists() else None
