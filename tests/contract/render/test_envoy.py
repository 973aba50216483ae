"""What the front proxy's configuration says, read without starting it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from mesh.contract import Access, Contract, Idempotency, LimitPer, load_contract
from mesh.render.artefacts import ENVOY, artefacts
from mesh.render.envoy.config import render_envoy
from mesh.render.envoy.filters import BODY_LENGTH, BUFFER, JSON_ONLY, has_body
from mesh.render.envoy.front_door import FrontDoor
from mesh.render.envoy.strict_body.filter import script
from mesh.render.envoy.xds import dump
from mesh.render.validate import validate
from mesh.settings import TrustedProxies
from mesh.topology import SERVICES

CONTRACT = load_contract()


def rendered(door: FrontDoor, contract: Contract = CONTRACT) -> dict[str, Any]:
    return render_envoy(contract, contract.limit_classes, door)


def manager(config: dict[str, Any]) -> dict[str, Any]:
    """The public listener's HTTP connection manager."""
    listener = config["static_resources"]["listeners"][0]
    found: dict[str, Any] = listener["filter_chains"][0]["filters"][0]["typed_config"]
    return found


def routes(config: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = manager(config)["route_config"]["virtual_hosts"][0]["routes"]
    return found


def values(node: Any) -> Iterator[tuple[str, Any]]:
    """Every (key, scalar) of a configuration."""
    match node:
        case dict():
            for key, value in node.items():
                yield from ((key, value),) if not isinstance(value, dict | list) else values(value)
        case list():
            for each in node:
                yield from values(each)


@pytest.mark.parametrize("path", list(artefacts(CONTRACT)), ids=str)
def test_committed_artefacts_are_what_the_contract_makes(path: Path) -> None:
    assert path.read_text() == artefacts(CONTRACT)[path], "run `make render`"


def test_envoy_accepts_the_committed_configuration(tmp_path: Path) -> None:
    judged = validate(ENVOY.read_text(), tmp_path)

    assert judged.returncode == 0, judged.stderr
    assert judged.stderr.strip() == ""


@pytest.mark.parametrize(
    "door",
    [
        FrontDoor(port_offset=700, workers=3),
        FrontDoor(otlp_endpoint="http://127.0.0.1:4317", span_ratio=0.1),
        FrontDoor(otlp_endpoint="https://collector.example:4317"),
        FrontDoor(trusted_proxies=10),
        FrontDoor(trusted_proxies=(ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))),
    ],
    ids=["workers", "collector", "collector with TLS", "proxies by number", "proxies by network"],
)
def test_envoy_accepts_other_meshes_too(tmp_path: Path, door: FrontDoor) -> None:
    judged = validate(dump(rendered(door)), tmp_path)

    assert judged.returncode == 0, judged.stderr


def test_the_committed_configuration_has_relative_paths_and_no_secret() -> None:
    config = yaml.safe_load(ENVOY.read_text())

    files = {str(value) for key, value in values(config) if key in {"filename", "proto_descriptor"}}
    files |= {value for key, value in values(config) if key == "path" and str(value).endswith(".yaml")}
    assert {".shopmesh/jwks.json", ".shopmesh/secrets/envoy/hmac.yaml", "web/dist/index.html"} <= files
    assert not [file for file in files if Path(file).is_absolute()]
    inline = {value for key, value in values(config) if key.startswith("inline_")}
    bodies = [method for method in CONTRACT.methods if has_body(method)]
    pages = {text for text in inline if str(text).startswith("<!doctype html>")}
    assert inline - pages == {"%LOCAL_REPLY_BODY%", script(bodies)}
    assert "%ENVIRONMENT(SHOPMESH_EDGE_SECRET)%" in {value for _, value in values(config)}


def test_everything_listens_on_loopback_on_a_port_of_its_own() -> None:
    config = rendered(FrontDoor(port_offset=100))

    addresses = {value for key, value in values(config) if key == "address" and "%" not in value}
    assert addresses == {"127.0.0.1"}
    listener = config["static_resources"]["listeners"][0]
    assert listener["address"]["socket_address"]["port_value"] == 8180
    assert listener["enable_reuse_port"] is False
    assert config["admin"]["address"]["socket_address"]["port_value"] == 10001


@pytest.mark.parametrize("proxies", [3, (ip_network("10.0.0.0/8"),)], ids=["number", "network"])
def test_trusted_proxies_change_nothing_but_whose_address_counts(proxies: TrustedProxies) -> None:
    plain, trusting = (manager(rendered(door)) for door in (FrontDoor(), FrontDoor(trusted_proxies=proxies)))

    differing = {name for name in {*plain, *trusting} if plain.get(name) != trusting.get(name)}
    assert differing <= {
        "use_remote_address",
        "xff_num_trusted_hops",
        "original_ip_detection_extensions",
        "early_header_mutation_extensions",
    }
    assert (plain["use_remote_address"], plain["xff_num_trusted_hops"]) == (True, 0)


def test_every_service_has_a_cluster_with_all_its_workers() -> None:
    clusters = {each["name"]: each for each in rendered(FrontDoor(workers=2))["static_resources"]["clusters"]}

    assert {*SERVICES, "user_http"} <= set(clusters)
    for service in SERVICES:
        endpoints = clusters[service]["load_assignment"]["endpoints"][0]["lb_endpoints"]
        assert len({json.dumps(each) for each in endpoints}) == 2
        assert clusters[service]["health_checks"][0]["grpc_health_check"] == {}
        assert clusters[service]["circuit_breakers"]
        assert clusters[service]["outlier_detection"]


def test_routes_take_deadline_retries_and_limit_from_the_contract() -> None:
    by_name: dict[str, list[dict[str, Any]]] = {}
    for route in routes(rendered(FrontDoor())):
        if "route" in route:
            by_name.setdefault(route.get("name", ""), []).append(route)

    for method in CONTRACT.methods:
        if method.binding is None:
            continue
        for route in by_name[f"{method.binding.verb} {method.binding.template}"]:
            seconds = float(route["route"]["timeout"].removesuffix("s"))
            assert seconds == method.policy.deadline_seconds + 1
            repeated = "unavailable" in route["route"]["retry_policy"]["retry_on"]
            assert repeated == (method.idempotency is not Idempotency.UNKNOWN)
            limited = f"shopmesh.limit.{method.policy.limit_class}" in route["typed_per_filter_config"]
            by_address = CONTRACT.limit_classes[method.policy.limit_class].per is LimitPer.ADDRESS
            assert limited == by_address


def test_every_route_says_what_it_asks_of_a_token() -> None:
    for route in routes(rendered(FrontDoor())):
        said = route["typed_per_filter_config"]["envoy.filters.http.jwt_authn"]
        assert said.get("disabled") is True or said["requirement_name"] in {"token", "token_if_sent"}


def test_only_public_methods_may_be_called_without_a_token() -> None:
    public = {
        f"{method.binding.verb} {method.binding.template}"
        for method in CONTRACT.methods
        if method.binding is not None and method.policy.access is Access.PUBLIC
    }
    without = {
        route["name"]
        for route in routes(rendered(FrontDoor()))
        if route.get("route", {}).get("cluster") in SERVICES
        and route["typed_per_filter_config"]["envoy.filters.http.jwt_authn"].get("requirement_name")
        != "token"
    }
    assert without == public


def test_other_limits_change_nothing_but_their_buckets() -> None:
    raised = {
        **CONTRACT.limit_classes,
        "register": replace(CONTRACT.limit_classes["register"], rate_per_minute=6000, burst=500),
    }
    before, after = (
        dump(render_envoy(CONTRACT, limits, FrontDoor())) for limits in (CONTRACT.limit_classes, raised)
    )

    assert "max_tokens: 500" in after
    assert len(before.splitlines()) == len(after.splitlines())


def test_what_is_read_whole_is_refused_by_its_length_too() -> None:
    """Envoy's buffer lets a body through whose end comes together with what is too much."""
    filters = manager(rendered(FrontDoor()))["http_filters"]
    names = [each["name"] for each in filters]
    assert names.index(BUFFER) + 1 == names.index(BODY_LENGTH) < names.index(JSON_ONLY)
    by_default = {each["name"]: each["typed_config"] for each in filters}
    assert shortest_refused(by_default[BODY_LENGTH]) == by_default[BUFFER]["max_request_bytes"] + 1

    for route in routes(rendered(FrontDoor())):
        own = route.get("typed_per_filter_config", {})
        assert (BUFFER in own) == (BODY_LENGTH in own), route["match"]
        if "buffer" in own.get(BUFFER, {}):
            assert (
                shortest_refused(own[BODY_LENGTH]["rbac"]) == own[BUFFER]["buffer"]["max_request_bytes"] + 1
            )


def shortest_refused(rbac: dict[str, Any]) -> int:
    (policy,) = rbac["rules"]["policies"].values()
    (permission,) = policy["permissions"]
    assert rbac["rules"]["action"] == "DENY"
    return int(permission["header"]["range_match"]["start"])
