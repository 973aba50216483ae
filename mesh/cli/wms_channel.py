"""Calls to inventory with the warehouse system's own token."""

from contextlib import AbstractAsyncContextManager

from mesh.channels import Channels, connect
from mesh.settings import MeshSettings

WMS = "wms"


def channel_as_wms(settings: MeshSettings) -> AbstractAsyncContextManager[Channels]:
    """A channel to inventory; its token is renewed as it runs out."""
    return connect(WMS, settings, services=("inventory",))
