"""Checks a mesh's stores against what must hold whatever broke.

`python -m tests.faults.checker HOME [HISTORY]` prints the number of violations of each invariant that can be
seen in the stores of a mesh at rest, and exits with 1 if there is one. I12 is about time: whoever injects
the faults measures it.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.faults import invariants_of_orders as orders
from tests.faults import invariants_of_stock as stock
from tests.faults.history import NOTHING, Answered, answered_in
from tests.faults.invariants_of_mails import wrong_mails
from tests.faults.snapshot import Snapshot
from tests.faults.stores import Stores

Violations = Mapping[str, list[str]]

_SHOWN = 5


def violations(stores: Stores, answered: Answered = NOTHING) -> Violations:
    """Everything that is wrong, by invariant.

    Args:
        stores: Of a mesh that has come to rest.
        answered: What callers were answered.
    """
    seen = Snapshot.of(stores)
    checks: Mapping[str, Callable[[], Iterator[str]]] = {
        "I1 no acknowledged order lost": lambda: orders.lost(seen, answered),
        "I2 no effect twice": lambda: stock.doubled(seen),
        "I3 nothing reserved beyond what is there": lambda: stock.oversold(stores),
        "I4 versions are 1..n": lambda: orders.gaps(seen),
        "I5 hash chains and signed heads verify": lambda: orders.unverified(seen),
        "I6 the index is what the events make": lambda: orders.misfolded(seen),
        "I7 event log and store hold the same": lambda: orders.differing_log(seen),
        "I8 nothing stuck": lambda: orders.stuck(seen),
        "I9 movements add up": lambda: stock.wrong_sums(stores),
        "I10 one mail per order and template": lambda: wrong_mails(seen),
        "I11 every change has actor, cause, time": lambda: orders.anonymous(seen),
    }
    return {name: list(check()) for name, check in checks.items()}


def violated(found: Violations) -> frozenset[str]:
    """The invariants that do not hold, for example I10."""
    return frozenset(name.split()[0] for name, problems in found.items() if problems)


def report(found: Violations) -> str:
    """A line per invariant, with the first violations below it."""
    lines = []
    for name, problems in found.items():
        lines += [f"{len(problems):5} {name}", *(f"      {each}" for each in problems[:_SHOWN])]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print one line for each invariant; exit 1 when one is violated."""
    home, *history = map(Path, sys.argv[1:])
    found = violations(Stores(home), answered_in(history[0]) if history else NOTHING)
    sys.stdout.write(report(found))
    sys.exit(any(found.values()))


if __name__ == "__main__":
    main()
