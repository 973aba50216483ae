"""The shipped command line, on a mesh some of whose processes are started otherwise."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from unittest.mock import patch

from mesh.cli.main import main as shopmesh
from mesh.launcher import up
from mesh.launcher.parts import Part, Plan
from mesh.launcher.planning import plan_mesh
from mesh.settings import MeshSettings


def shopmesh_with(alter: Callable[[Part], Part]) -> None:
    """Plan as the launcher does, and alter each part."""

    def planned(settings: MeshSettings, *, backends: Iterable[Part]) -> Plan:
        plan = plan_mesh(settings, backends=backends)
        return replace(plan, parts=tuple(map(alter, plan.parts)))

    with patch.object(up, "plan_mesh", planned):
        shopmesh()
