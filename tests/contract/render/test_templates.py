"""Path templates as expressions."""

import re

import pytest

from mesh.contract import load_contract
from mesh.render.envoy.path_templates import bound_paths, regex

CONTRACT = load_contract()


@pytest.mark.parametrize(
    ("template", "path", "matches"),
    [
        ("/v1/orders/{order_id}", "/v1/orders/018f", True),
        ("/v1/orders/{order_id}", "/v1/orders/018f/", False),
        ("/v1/orders/{order_id}", "/v1/orders/018f:cancel", False),
        ("/v1/orders/{order_id}", "/v1/orders/", False),
        ("/v1/orders/{order_id}:cancel", "/v1/orders/018f:cancel", True),
        ("/v1/orders/{order_id}:cancel", "/v1/orders/:cancel", False),
        ("/v1/orders/{order_id}/history", "/v1/orders/a/b/history", False),
        ("/v1/a.b/{x}", "/v1/aXb/1", False),
    ],
)
def test_a_template_matches_whole_paths_only(template: str, path: str, matches: bool) -> None:
    assert bool(re.fullmatch(regex(template), path)) is matches


def test_literal_paths_come_before_those_with_fields() -> None:
    templates = [path.template for path in bound_paths(CONTRACT.methods)]

    fields = [template.count("{") for template in templates]
    assert fields == sorted(fields)
    assert len(set(templates)) == len(templates)


def test_the_allowed_verbs_of_a_path_are_those_of_all_its_bindings() -> None:
    allowed = {path.template: path.allow for path in bound_paths(CONTRACT.methods)}

    assert allowed["/v1/users/me"] == ("DELETE", "GET", "PATCH")
    assert allowed["/v1/orders"] == ("GET", "POST")
