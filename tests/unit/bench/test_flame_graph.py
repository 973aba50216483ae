"""Samples of stacks become boxes: as wide as they are many, and none that is too small to be read."""

from pathlib import Path
from xml.etree import ElementTree as ET

from bench.flame_graph import Frame, draw, read_stacks

SVG = "{http://www.w3.org/2000/svg}"
STACKS = """\
<module> (server.py:1);Runner.run (asyncio/runners.py:118);place (services/order/x.py:5);read (sqlite.py:1) 30
<module> (server.py:1);Runner.run (asyncio/runners.py:118);place (services/order/x.py:9) 60
Thread.run (threading.py:982);wait <lock> (queue.py:1) 9
Thread.run (threading.py:982);rarely (rare.py:1) 1
"""


def boxes(tmp_path: Path) -> dict[str, float]:
    """How wide the boxes are, by what they show."""
    file = tmp_path / "stacks"
    file.write_text(STACKS)
    frame = Frame("order")
    read_stacks(frame, file)
    drawn = ET.fromstring(draw(frame, "a < title"))  # noqa: S314 - our own
    return {
        str(box.findtext(f"{SVG}title")): float(box.find(f"{SVG}rect").attrib["width"])  # type: ignore[union-attr]
        for box in drawn.iter(f"{SVG}g")
    }


def test_boxes_are_as_wide_as_samples_are_many_whatever_the_line(tmp_path: Path) -> None:
    widths = boxes(tmp_path)

    assert {name: round(width / widths["order: 100.0 %"], 2) for name, width in widths.items()} == {
        "order: 100.0 %": 1.0,
        "Runner.run (asyncio/runners.py): 90.0 %": 0.9,
        "place (services/order/x.py): 90.0 %": 0.9,
        "read (sqlite.py): 30.0 %": 0.3,
        "Thread.run (threading.py): 10.0 %": 0.1,
        "wait <lock> (queue.py): 9.0 %": 0.09,
        "rarely (rare.py): 1.0 %": 0.01,
    }


def test_what_is_too_small_to_be_read_is_left_out(tmp_path: Path) -> None:
    frame = Frame("order")
    frame.add(["place"], 10_000)
    frame.add(["rarely"], 1)

    assert "place" in draw(frame, "")
    assert "rarely" not in draw(frame, "")
