"""Rotates the key-encryption key of the customers' data keys: `python -m services.order.keys --rotate`.

Running workers need not be restarted: they read the key file again when they meet a
key that they do not know. Interrupted, it leaves everything readable; run it again.
"""

import asyncio
import os
import sys
from collections.abc import Sequence

from mesh.server.context import StartupError
from mesh.settings import MeshSettings, SettingError
from services.order.adapters.key_vault.key_ring import KeyIsGone
from services.order.adapters.key_vault.key_ring_file import FileKeyRing, RotationUnderWay
from services.order.adapters.key_vault.key_rotation import rotate
from services.order.config import Settings
from services.order.domain.errors import StoreUnavailable
from services.order.stores import open_stores

_ROTATE = "--rotate"


def main(arguments: Sequence[str]) -> None:
    """Rotate, and say how many data keys were wrapped anew; never prints a key."""
    if list(arguments) != [_ROTATE]:
        sys.exit(f"usage: python -m services.order.keys {_ROTATE}")
    try:
        settings = Settings.of(MeshSettings.from_environ(os.environ))
        count = asyncio.run(_rotate(settings))
    except (SettingError, StartupError, KeyIsGone, RotationUnderWay, StoreUnavailable, ValueError) as error:
        sys.exit(f"the key-encryption key is not rotated: {error}")
    sys.stdout.write(f"the key-encryption key is rotated; {count} data keys are wrapped anew\n")


async def _rotate(settings: Settings) -> int:
    async with open_stores(settings) as stores:
        return await rotate(FileKeyRing(settings.key_encryption_keys), stores.keys)


if __name__ == "__main__":
    main(sys.argv[1:])
