"""What the command `shopmesh` runs: the command line, or what has to be installed for it."""

import gc
import sys

_COLLECT_AFTER = 20_000
"""How many more objects there are before Python looks for garbage."""
_OURS = ("mesh", "interceptors", "services", "shopmesh", "buf")


def main() -> None:
    """Run the command line, whose libraries the base install does not have."""
    # Loading makes many objects, none of them garbage.
    gc.set_threshold(_COLLECT_AFTER)
    try:
        from mesh.cli.main import main as run  # noqa: PLC0415 - may be impossible
    except ModuleNotFoundError as missing:
        if not missing.name or missing.name.partition(".")[0] in _OURS:
            raise
        sys.exit(
            f"shopmesh: {missing.name} is not installed. Callers do without it; the command line needs what\n"
            "runs the mesh, the extra `server`: pip install 'shopmesh[server]'"
        )
    run()
