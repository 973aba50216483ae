"""Makes the provider's keys and the clients' secrets: `python -m services.user.keys [--rotate]`.

Making is idempotent. After `--rotate` the user service signs with the new key
once it is restarted; tokens of the old keys stay valid until they expire.
"""

import os
import sys
from collections.abc import Sequence

from mesh.settings import MeshSettings, SettingError
from services.user.adapters.keys_file import KeyFiles

_ROTATE = "--rotate"


def main(arguments: Sequence[str]) -> None:
    """Make what is missing; never prints a secret."""
    if set(arguments) - {_ROTATE}:
        sys.exit(f"usage: python -m services.user.keys [{_ROTATE}]")
    try:
        files = KeyFiles.of(MeshSettings.from_environ(os.environ))
    except SettingError as error:
        sys.exit(str(error))
    files.ensure()
    if _ROTATE in arguments:
        files.rotate()


if __name__ == "__main__":
    main(sys.argv[1:])
