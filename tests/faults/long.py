"""The long fault run: `python -m tests.faults.long --orders 10000 --kills 300 --seed N --profile real`.

Brings a mesh of its own up, lets many customers order while any process of it is killed, paused or restarted,
and ends with a line per invariant; exits with 1 when one is violated.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.campaign import Campaign, run
from tests.faults.checker import report
from tests.faults.injecting import Injector, random_faults
from tests.support.running_mesh import up


def main() -> None:
    """Run, print, and say by the exit code whether everything held."""
    options = _options()
    began = time.monotonic()

    def say(line: str) -> None:
        sys.stdout.write(f"{time.monotonic() - began:7.1f} s  {line}\n")
        sys.stdout.flush()

    home = Path(options.home or tempfile.mkdtemp(prefix="shopmesh-faults-")) / "home"
    arguments = ("--profile", options.profile, "--workers", str(options.workers))
    with up(home, *arguments) as mesh:
        say(f"the mesh is up in {home}")
        faults = random_faults(Injector(mesh).parts(), count=options.kills, seed=options.seed)
        campaign = Campaign(
            orders=options.orders,
            faults=faults,
            seed=options.seed,
            shoppers=options.shoppers,
            seconds=options.minutes * 60,
            backlog=options.backlog,
        )
        found = run(mesh, campaign, say)
    sys.stdout.write(report(found))
    sys.exit(any(found.values()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.long", description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000, help="how many are placed")
    parser.add_argument("--kills", type=int, default=300, help="how many faults, half of them kill -9")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of shoppers and faults")
    parser.add_argument("--profile", default="real", choices=("embedded", "real"))
    parser.add_argument("--workers", type=int, default=1, help="processes per service")
    parser.add_argument("--shoppers", type=int, default=6, help="how many order at once")
    parser.add_argument("--backlog", type=int, default=100_000, help="how many events come again at the end")
    parser.add_argument("--minutes", type=float, default=120, help="when shopping ends at the latest")
    parser.add_argument("--home", help="a new folder for the mesh; kept")
    return parser.parse_args()


if __name__ == "__main__":
    main()
