"""What long work on orders' data came to, in lines for people."""

from collections.abc import Iterator, Sequence

from services.order.application.maintenance.rebuild import Difference, Rebuilt, Sample
from services.order.application.maintenance.refill import Refilled
from services.order.application.maintenance.restore import Restored
from services.order.application.queries.verification import OrderFinding


def rebuilt_lines(rebuilt: Rebuilt) -> Iterator[str]:
    speed = f"{rebuilt.seconds:.1f} s, {rebuilt.events / max(rebuilt.seconds, 0.001):,.0f} events/s"
    yield f"folded {rebuilt.events:,} events of {rebuilt.orders:,} orders in {speed}"
    yield f"generation {rebuilt.generation} is in use, digest {rebuilt.digest}"
    if rebuilt.unreadable:
        yield f"NOT INDEXED, since their events make no order: {len(rebuilt.unreadable)}"
        yield from (f"  {order_id}" for order_id in rebuilt.unreadable)


def difference_lines(difference: Difference) -> Iterator[str]:
    yield "the index is what the events make" if difference.is_none else "a rebuild would change the index"
    yield _sample("rows missing", difference.missing)
    yield _sample("rows extra", difference.extra)
    yield _sample("rows different", difference.different)
    yield f"digest of the index as it is: {difference.digest}"


def restored_lines(restored: Restored, verb: str) -> Iterator[str]:
    yield f"read {restored.read:,} published events, {verb} {restored.restored:,}"
    yield from _finding_lines(restored.findings)


def refilled_lines(refilled: Refilled, verb: str) -> Iterator[str]:
    if refilled.findings:
        yield (
            "published nothing: of some orders the topic has later versions and lacks earlier ones, "
            "and consumers count on their order. Empty the topic, then refill it whole."
        )
    else:
        yield f"the topic had {refilled.found:,} events, {verb} {refilled.published:,}"
    yield from _finding_lines(refilled.findings)


def _sample(what: str, sample: Sample) -> str:
    return f"{what}: {sample.count:,}{' — ' if sample.order_ids else ''}{', '.join(sample.order_ids)}"


def _finding_lines(findings: Sequence[OrderFinding]) -> Iterator[str]:
    if findings:
        yield f"findings: {len(findings):,}"
    for finding in findings:
        yield f"  order {finding.order_id} version {finding.version}: {finding.problem}"
