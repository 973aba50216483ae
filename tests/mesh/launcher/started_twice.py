"""A mesh that two commands start at the same time."""

import os
import subprocess
from dataclasses import dataclass

from tests.support.running_mesh import SHOPMESH, RunningMesh


@dataclass(frozen=True, slots=True)
class Started:
    """A mesh and what the two commands said that started it at the same time."""

    mesh: RunningMesh
    outputs: tuple[str, ...]


def up_twice(mesh: RunningMesh) -> tuple[str, ...]:
    """Run `up` twice; what both said."""
    variables = {"SHOPMESH_HOME": str(mesh.home), "SHOPMESH_PORT_OFFSET": str(mesh.port_offset)}
    commands = [
        subprocess.Popen(
            [SHOPMESH, "up"],
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    outputs = tuple(command.communicate(timeout=300)[0] for command in commands)
    assert [command.returncode for command in commands] == [0, 0], "\n".join(outputs)
    return outputs
