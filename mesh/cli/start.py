"""What the command `shopmesh` runs: the command line, or what has to be installed for it."""

import sys

_OURS = ("mesh", "interceptors", "services", "shopmesh", "buf")


def main() -> None:
    """Run the command line, whose libraries the base install does not have."""
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
