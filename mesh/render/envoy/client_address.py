"""Whose address a request has: the peer's, or what trusted proxies say in X-Forwarded-For.

What cannot be read as an address there counts for nothing: the peer's address is taken.
"""

from ipaddress import IPv4Network, IPv6Network

from mesh.render.envoy.front_door import FrontDoor
from mesh.render.envoy.xds import Config, typed


def client_address(door: FrontDoor) -> Config:
    """The HTTP connection manager's fields; limits, log and services all see the address found by them."""
    match door.trusted_proxies:
        case int(number):
            return {"use_remote_address": True, "xff_num_trusted_hops": number}
        case networks:
            return {"use_remote_address": False, "original_ip_detection_extensions": [_detection(networks)]}


def _detection(networks: tuple[IPv4Network | IPv6Network, ...]) -> Config:
    """From a peer in these networks the last address outside of them; from any other the peer's own."""
    trusted = {"cidrs": [_range(network) for network in networks]}
    config = typed(
        "envoy.extensions.http.original_ip_detection.xff.v3.XffConfig", {"xff_trusted_cidrs": trusted}
    )
    return {"name": "envoy.http.original_ip_detection.xff", "typed_config": config}


def _range(network: IPv4Network | IPv6Network) -> Config:
    return {"address_prefix": str(network.network_address), "prefix_len": network.prefixlen}
