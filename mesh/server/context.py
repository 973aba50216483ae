"""What the mesh gives to each of its services."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from interceptors.rate_limit.gcra import Limiter
from mesh.channels import Channels
from mesh.contract import Contract, LimitClass
from mesh.settings import MeshSettings


class StartupError(Exception):
    """A service finds a store that it cannot work with; says what is wrong."""


@dataclass(frozen=True, slots=True)
class ServiceContext:
    """One process of the mesh, as its service sees it.

    Attributes:
        service: Which service this is.
        settings: What all parts of the mesh share.
        contract: The contract.
        limits: The limit classes in force.
        limiter: Counts calls against them, for endpoints that are not gRPC.
        channels: Channels to the other services.
        draining: Set when the process is about to stop.
        clock: The time now.
    """

    service: str
    settings: MeshSettings
    contract: Contract
    limits: dict[str, LimitClass]
    limiter: Limiter
    channels: Channels
    draining: asyncio.Event
    clock: Callable[[], datetime]
