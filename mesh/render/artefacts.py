"""What is rendered for the default mesh and committed: path → text."""

from pathlib import Path

from mesh.contract import Contract
from mesh.render.envoy import render_envoy
from mesh.render.front_door import FrontDoor
from mesh.render.limits_page import limits_page
from mesh.render.openapi import render_openapi
from mesh.render.xds import dump

ENVOY = Path("mesh/front_proxy/envoy.yaml")
OPENAPI = Path("docs/openapi.yaml")
LIMITS = Path("docs/rate-limits.md")

_NOTICE = "# Rendered from the contract by `make render`; do not edit.\n"


def artefacts(contract: Contract) -> dict[Path, str]:
    """All committed artefacts, with the contract's own limits; paths are relative to the checkout."""
    limits = contract.limit_classes
    return {
        ENVOY: _NOTICE + dump(render_envoy(contract, limits, FrontDoor())),
        OPENAPI: _NOTICE + dump(render_openapi(contract, limits)),
        LIMITS: limits_page(contract, limits),
    }
