"""Brings up a mesh in which one service is composed wrongly: `python -m tests.faults.broken.up VARIANT up …`.

What follows the variant is what the shipped command line takes.
"""

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from mesh.cli.main import main as shopmesh
from mesh.launcher import launching
from mesh.launcher.parts import Part, Plan
from mesh.launcher.planning import plan_mesh
from mesh.settings import MeshSettings

SERVICE_OF = {
    "no_inbox": "notification",
    "offset_before_effect": "notification",
    "publish_before_append": "order",
    "no_unique_index": "order",
    "plain_update": "inventory",
}
"""Whose server each variant runs in place of."""

_ROOT = Path(__file__).parents[3]


def main() -> None:
    """Plan as the launcher does, with the command of one service replaced."""
    variant = sys.argv.pop(1)

    def planned(settings: MeshSettings, *, backends: Iterable[Part]) -> Plan:
        plan = plan_mesh(settings, backends=backends)
        return replace(plan, parts=tuple(_broken(part, variant) for part in plan.parts))

    with patch.object(launching, "plan_mesh", planned):
        shopmesh()


def _broken(part: Part, variant: str) -> Part:
    if part.command[1:] != ("-m", f"services.{SERVICE_OF[variant]}.server"):
        return part
    return replace(
        part,
        command=(sys.executable, "-m", f"tests.faults.broken.{variant}"),
        environment={**part.environment, "PYTHONPATH": str(_ROOT)},
    )


if __name__ == "__main__":
    main()
