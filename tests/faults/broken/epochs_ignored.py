"""An inventory that takes updates of epochs that have ended for new ones."""

from dataclasses import replace
from unittest.mock import patch

from mesh.server.process import run
from services.inventory import server
from services.inventory.application import wms_updates
from services.inventory.domain.stock import Shelf
from services.inventory.domain.wms_update import Ack, FeedPosition, Recorded, StockUpdate, answer


def _of_today(update: StockUpdate, shelf: Shelf, position: FeedPosition, recorded: Recorded | None) -> Ack:
    judged = answer(replace(update, epoch=position.current_epoch), shelf, position, recorded)
    return replace(judged, update=update)


if __name__ == "__main__":
    with patch.object(wms_updates, "answer", _of_today):
        run("inventory", server.compose)
