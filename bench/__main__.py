"""`python -m bench [--quick] [ROW …]` measures; `python -m bench picture` draws and writes down what was."""

import argparse
import asyncio
import os
import selectors
import signal
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.cores import DRIVER
from bench.figures import Figure, Verdict
from bench.h2load import DriverMissing
from bench.machine import describe_machine, load_average
from bench.plan import Plan
from bench.report import save, show, text_of, title_of
from bench.report_text import PAGES, write_report
from bench.rows import ROWS

_PICTURE = "picture"
_WIDTH = 150


def main() -> None:
    """Measure the rows that are named, or all."""
    chosen = _arguments()
    if chosen.rows == [_PICTURE]:
        _draw()
        return
    # As Ctrl+C: the servers that were started end with the run.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.sched_setaffinity(0, {DRIVER})
    console = Console(width=_WIDTH)
    with tempfile.TemporaryDirectory(prefix="shopmesh-bench-") as folder:
        plan = Plan.quick(Path(folder)) if chosen.quick else Plan.full(Path(folder))
        try:
            with asyncio.Runner(loop_factory=_punctual_loop) as runner:
                figures = runner.run(_measure(plan, list(dict.fromkeys(chosen.rows or ROWS)), console))
        except DriverMissing as missing:
            sys.exit(str(missing))
    show(figures, console)
    sys.exit(any(figure.verdict is Verdict.FAILED for figure in figures))


def _punctual_loop() -> asyncio.AbstractEventLoop:
    """A loop that wakes when it is time: the usual one waits in whole milliseconds."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def _draw() -> None:
    from bench.picture import NotMeasured, draw  # noqa: PLC0415 - matplotlib takes a second to import

    try:
        written = [draw(), *(write_report(page, rows) for page, rows in PAGES.items())]
        sys.stdout.write("".join(f"{path}\n" for path in written))
    except NotMeasured as not_measured:
        sys.exit(str(not_measured))


async def _measure(plan: Plan, rows: Sequence[str], console: Console) -> list[Figure]:
    machine = describe_machine(plan.folder)
    figures: list[Figure] = []
    for row in rows:
        console.print(title_of(ROWS[row]), style="dim", highlight=False)
        run = {**_run(plan), **machine}
        found = [figure async for figure in ROWS[row](plan)]
        for figure in found:
            console.print(text_of(figure), style="dim", highlight=False)
        if not plan.is_quick:
            save(found, run)
        figures += found
    return figures


def _run(plan: Plan) -> dict[str, Any]:
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "pairs": plan.pairs,
        "seconds": plan.seconds,
        "load_average": load_average(),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", choices=[*ROWS, _PICTURE, []])
    parser.add_argument("--quick", action="store_true", help="short and small; nothing is saved")
    return parser.parse_args()


if __name__ == "__main__":
    main()
