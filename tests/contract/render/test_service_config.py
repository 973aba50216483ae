"""The gRPC service config of channels."""

import pytest

from mesh.contract import Idempotency, load_contract
from mesh.render.service_config import service_config
from mesh.topology import SERVICES

CONTRACT = load_contract()


@pytest.mark.parametrize("service", SERVICES)
def test_every_method_has_its_deadline_and_only_repeatable_ones_are_retried(service: str) -> None:
    config = service_config(CONTRACT, service)

    by_name = {
        f"/{each['name'][0]['service']}/{each['name'][0]['method']}": each for each in config["methodConfig"]
    }
    assert set(by_name) == {method.full_name for method in CONTRACT.methods_of(service)}
    for method in CONTRACT.methods_of(service):
        assert by_name[method.full_name]["timeout"] == f"{method.policy.deadline_seconds:g}s"
        repeatable = method.idempotency is not Idempotency.UNKNOWN
        assert ("retryPolicy" in by_name[method.full_name]) == repeatable


@pytest.mark.parametrize("service", SERVICES)
def test_calls_go_round_the_healthy_workers(service: str) -> None:
    config = service_config(CONTRACT, service)

    assert config["loadBalancingConfig"] == [{"round_robin": {}}]
    assert config["healthCheckConfig"] == {"serviceName": ""}
