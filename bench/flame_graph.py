"""Draws where samples of stacks were taken: the wider, the more of them; small enough to be committed."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

_WIDTH, _ROW_HEIGHT, _LEAST_WIDTH = 1400.0, 15, 4.0
_LETTER_WIDTH = 6.2
_LIBRARY, _OURS = "#c9d3de", "#f0b27a"
_OUR_FOLDERS = ("services/", "mesh/", "interceptors/")
_LOOP = "Runner.run "
_LINE = re.compile(r":\d+\)$")


@dataclass(slots=True)
class Frame:
    """A function among those that called it.

    Attributes:
        name: Its name and its file.
        samples: How often it, or what it called, was running.
        called: What it called, by name.
    """

    name: str
    samples: int = 0
    called: dict[str, "Frame"] = field(default_factory=dict)

    def add(self, stack: Iterable[str], samples: int) -> None:
        """Count samples of a stack, outermost first."""
        self.samples += samples
        frame = self
        for name in stack:
            frame = frame.called.setdefault(name, Frame(name))
            frame.samples += samples


def read_stacks(frame: Frame, file: Path) -> None:
    """Count what py-spy has written in its raw format: a stack and a number in each line."""
    for line in file.read_text().splitlines():
        stack, _, samples = line.rpartition(" ")
        # Without the line: a function is one frame.
        names = [_LINE.sub(")", each) for each in stack.split(";")]
        # What is below the event loop is the same everywhere.
        loop = next((place for place, name in enumerate(names) if name.startswith(_LOOP)), 0)
        frame.add(names[loop:], int(samples))


def draw(root: Frame, title: str) -> str:
    """The picture as SVG."""
    boxes = list(_boxes(root, 0.0, 0, _WIDTH / root.samples))
    height = (max(depth for _, _, _, depth in boxes) + 2) * _ROW_HEIGHT
    lines = (_drawn(*box, height=height, total=root.samples) for box in boxes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {height}"'
        f' font-family="monospace" font-size="10">\n<text x="4" y="11">{escape(title)}</text>\n'
        + "\n".join(lines)
        + "\n</svg>\n"
    )


def _boxes(frame: Frame, x: float, depth: int, scale: float) -> Iterator[tuple[Frame, float, float, int]]:
    width = frame.samples * scale
    if width < _LEAST_WIDTH:
        return
    yield frame, x, width, depth
    for each in sorted(frame.called.values(), key=lambda called: called.name):
        yield from _boxes(each, x, depth + 1, scale)
        x += each.samples * scale


def _drawn(frame: Frame, x: float, width: float, depth: int, *, height: int, total: int) -> str:
    y = height - (depth + 1) * _ROW_HEIGHT
    name = frame.name.split(" (")[0][: int(width / _LETTER_WIDTH)]
    colour = _OURS if any(folder in frame.name for folder in _OUR_FOLDERS) else _LIBRARY
    title = quoteattr(f"{frame.name}: {100 * frame.samples / total:.1f} %")[1:-1]
    return (
        f'<g><title>{title}</title><rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_ROW_HEIGHT - 1}"'
        f' fill="{colour}"/><text x="{x + 2:.1f}" y="{y + 10}">{escape(name)}</text></g>'
    )
