"""Brings up a mesh in which one service is composed wrongly: `python -m tests.faults.broken.up VARIANT up …`.

What follows the variant is what the shipped command line takes.
"""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from mesh.launcher.parts import Part
from tests.faults.patched_mesh import shopmesh_with

SERVICE_OF = {
    "no_inbox": "notification",
    "offset_before_effect": "notification",
    "publish_before_append": "order",
    "no_unique_index": "order",
    "plain_update": "inventory",
    "parts_as_a_whole": "inventory",
    "epochs_ignored": "inventory",
}
"""Whose server each variant runs in place of."""

_ROOT = Path(__file__).parents[3]


def main() -> None:
    """Plan as the launcher does, with the command of one service replaced."""
    variant = sys.argv.pop(1)

    shopmesh_with(partial(_broken, variant))


def _broken(variant: str, part: Part) -> Part:
    if part.command[1:] != ("-m", f"services.{SERVICE_OF[variant]}.server"):
        return part
    return replace(
        part,
        command=(sys.executable, "-m", f"tests.faults.broken.{variant}"),
        environment={**part.environment, "PYTHONPATH": str(_ROOT)},
    )


if __name__ == "__main__":
    main()
