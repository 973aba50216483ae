"""Write the committed artefacts: `python -m mesh.render`, from the folder of the checkout."""

from mesh.contract import load_contract
from mesh.render.artefacts import artefacts


def main() -> None:
    """Write what differs."""
    for path, text in artefacts(load_contract()).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


if __name__ == "__main__":
    main()
