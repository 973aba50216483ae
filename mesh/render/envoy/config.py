"""The configuration of the front proxy, whole."""

from collections.abc import Mapping

from mesh.contract import Contract, LimitClass
from mesh.render.envoy import internal_listener
from mesh.render.envoy.clusters import clusters
from mesh.render.envoy.front_door import FrontDoor
from mesh.render.envoy.listeners import public_listener
from mesh.render.envoy.xds import Config, address, duration, typed

_HEAP_BYTES = 536_870_912


def render_envoy(contract: Contract, limits: Mapping[str, LimitClass], door: FrontDoor) -> Config:
    """Envoy's bootstrap for one mesh; `xds.dump` makes YAML of it.

    Args:
        contract: What to route.
        limits: The limit classes in force, by name.
        door: Ports, files and what else differs between meshes.
    """
    return {
        "node": {"id": "front-proxy", "cluster": "shopmesh"},
        "admin": {"address": address(door.admin_port)},
        "static_resources": {
            "listeners": [public_listener(contract, limits, door), internal_listener.listener(door)],
            "clusters": clusters(contract, limits, door),
        },
        "bootstrap_extensions": [internal_listener.bootstrap_extension()],
        "overload_manager": _overload_manager(door.connections),
        # By default each thread reports ten times a second that it is alive.
        "watchdogs": {"main_thread_watchdog": _watchdog(), "worker_watchdog": _watchdog()},
    }


def _watchdog() -> Config:
    return {"miss_timeout": duration(2), "megamiss_timeout": duration(5)}


def _overload_manager(connections: int) -> Config:
    """Under memory pressure first gives memory back, then refuses."""
    return {
        "refresh_interval": duration(0.5),
        "resource_monitors": [
            {
                "name": "envoy.resource_monitors.fixed_heap",
                "typed_config": typed(
                    "envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
                    {"max_heap_size_bytes": _HEAP_BYTES},
                ),
            },
            {
                "name": "envoy.resource_monitors.global_downstream_max_connections",
                "typed_config": typed(
                    "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                    {"max_active_downstream_connections": connections},
                ),
            },
        ],
        "actions": [
            _action("envoy.overload_actions.shrink_heap", 0.9),
            _action("envoy.overload_actions.stop_accepting_requests", 0.95),
        ],
    }


def _action(name: str, threshold: float) -> Config:
    monitor = "envoy.resource_monitors.fixed_heap"
    return {"name": name, "triggers": [{"name": monitor, "threshold": {"value": threshold}}]}
