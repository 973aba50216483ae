"""Draws what was measured: p99 against load, for the three ways to read stock."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from bench.report import load

PICTURE = Path(__file__).parents[1] / "docs" / "inventory-latency.svg"
_ROW = "P3"
_TARGET_MS = 500


def draw(target: Path = PICTURE) -> Path:
    """Draw the curves of the last run.

    Raises:
        NotMeasured: There was none.
    """
    with rc_context({"svg.hashsalt": "shopmesh", "svg.fonttype": "none", "font.size": 11}):
        figure = Figure(figsize=(9, 5))
        axes = figure.add_subplot()
        for name, points in _curves().items():
            axes.plot(*zip(*points, strict=True), marker="o", label=name)
        axes.axhline(_TARGET_MS, linestyle="--", color="grey", linewidth=1)
        text, beside = f"target: {_TARGET_MS} ms", axes.get_yaxis_transform()
        axes.text(0.99, _TARGET_MS, text, color="grey", va="bottom", ha="right", transform=beside)
        axes.set(xscale="log", yscale="log", xlabel="BatchGetStock(50), calls per second", ylabel="p99 in ms")
        axes.grid(visible=True, which="both", alpha=0.2)
        axes.legend()
        figure.savefig(target, metadata={"Date": None}, bbox_inches="tight")
    return target


class NotMeasured(Exception):
    """The picture's row was never measured in full."""

    def __init__(self) -> None:
        super().__init__(f"There is nothing to draw yet: run `python -m bench {_ROW}` first")


def _curves() -> dict[str, Sequence[tuple[float, float]]]:
    figures = load().get(_ROW, {"figures": ()})["figures"]
    for figure in figures:
        if figure["curves"]:
            return dict(figure["curves"])
    raise NotMeasured
