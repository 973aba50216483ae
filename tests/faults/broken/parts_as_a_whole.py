"""An inventory that takes every parcel of an order for all of it."""

from unittest.mock import patch

from mesh.server.process import run
from services.inventory import server
from services.inventory.entrypoints import consumer
from services.kernel.envelope import Envelope


def _everything(_event: Envelope) -> None:
    """All that had not left."""


if __name__ == "__main__":
    with patch.object(consumer, "shipped_pieces", _everything):
        run("inventory", server.compose)
