"""Shoppers and random faults on a running mesh, and at the end a line per invariant."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.faults.at_rest import violations_at_rest
from tests.faults.checker import Violations
from tests.faults.history import History
from tests.faults.injecting import Fault, Injector
from tests.faults.invariants_of_stock import oversold
from tests.faults.probing import Prober
from tests.faults.products import make_products
from tests.faults.sampling import sampled
from tests.faults.shoppers import STAFF, Shop, Shoppers
from tests.faults.stores import KAFKA, Stores
from tests.faults.stores_kafka import is_consumed_in_kafka, publish_again_in_kafka
from tests.faults.tokens import Tokens
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until

WRITES_WITHIN_SECONDS = 10.0
_I3, _I6, _I12 = "I3 nothing reserved beyond", "I6 the index", "I12 writes work again within 10 s"
_LOOK_SECONDS = 1.0
_GROUPS = ("inventory", "notification", "order-search")
"""All consumers of order events."""
_CATCH_UP_SECONDS = 1800.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Campaign:
    """How much of what.

    Attributes:
        orders: To be placed, at least.
        faults: One after the other, spread over the orders.
        seed: Of what shoppers want and of the faults.
        shoppers: At once.
        seconds: When to stop shopping and to inject no more, whatever is left.
        backlog: How many events come once more at the end, all at once; with Kafka.
    """

    orders: int
    faults: tuple[Fault, ...]
    seed: int
    shoppers: int = 6
    seconds: float = 3600.0
    backlog: int = 0


def run(mesh: RunningMesh, campaign: Campaign, say: Say) -> Violations:
    """Go shopping under faults, let the mesh come to rest, and check it."""
    say(f"seed {campaign.seed}: {campaign.orders} orders, {len(campaign.faults)} faults")
    history = History(mesh.home.with_name(f"{mesh.home.name}-history-{campaign.seed}.jsonl"))
    stores, tokens = Stores(mesh.home, mesh.variables), Tokens(mesh)
    skus = make_products(mesh, tokens.of(STAFF), pieces=campaign.orders)
    shop = Shop(mesh, history, tokens)
    shoppers = Shoppers(shop, skus=skus, seed=campaign.seed, at_once=campaign.shoppers)
    prober = Prober(mesh, history, tokens, sku=skus[0], name=f"probe-{campaign.seed}")
    with sampled(lambda: oversold(stores)) as seen_oversold:
        with shoppers.shopping():
            late = list(_inject(mesh, prober, campaign, shoppers, say))
        say(f"shopping is over: {dict(history.counts())}")
        late += _catch_up(stores, prober, campaign.backlog, say)
        say("waiting for rest")
        found = dict(violations_at_rest(stores, history.answered, seconds=300))
    _add(found, _I3, seen_oversold)
    _add(found, _I6, _rebuilt_otherwise(mesh, stores))
    return found | {_I12: late}


def _inject(
    mesh: RunningMesh, prober: Prober, campaign: Campaign, shoppers: Shoppers, say: Say
) -> Iterator[str]:
    """Inject faults among the orders; yields those after which writes did not work soon enough."""
    injector, end = Injector(mesh), time.monotonic() + campaign.seconds
    for number, fault in enumerate(campaign.faults, start=1):
        if time.monotonic() > end:
            say(f"time is over before fault {number}")
            break
        shoppers.want(campaign.orders * number // len(campaign.faults))
        pause = prober.seconds_to_write(injector.inject(fault))
        taken = _taken(pause)
        say(f"fault {number}: {fault}; {taken}; {shoppers.placed} orders")
        if pause is None or pause > WRITES_WITHIN_SECONDS:
            yield f"{fault}: {taken}"
    shoppers.want(campaign.orders)
    while shoppers.placed < campaign.orders and time.monotonic() < end:
        time.sleep(_LOOK_SECONDS)


def _catch_up(stores: Stores, prober: Prober, backlog: int, say: Say) -> Iterator[str]:
    """Put many events that they know in front of the consumers; yields that writes stood still."""
    broker = stores.url(KAFKA)
    if not backlog or not broker:
        return
    count, since = publish_again_in_kafka(broker, at_least=backlog), time.monotonic()
    pause = prober.seconds_to_write(since)
    until(
        lambda: all(is_consumed_in_kafka(broker, group) for group in _GROUPS),
        f"{count} events are handled",
        seconds=_CATCH_UP_SECONDS,
    )
    taken = _taken(pause)
    say(f"{count} events once more; {taken}; all handled after {time.monotonic() - since:.0f} s")
    if pause is None or pause > WRITES_WITHIN_SECONDS:
        yield f"{count} events of lag: {taken}"


def _rebuilt_otherwise(mesh: RunningMesh, stores: Stores) -> Iterator[str]:
    """The index has to be the same when it is rebuilt, and once more."""
    before = set(stores.index())
    for time_ in ("once", "twice"):
        mesh.run("orders", "rebuild")
        if set(stores.index()) != before:
            yield f"rebuilt {time_}, the index is another one"


def _taken(pause: float | None) -> str:
    return "no write" if pause is None else f"writes after {pause:.1f} s"


def _add(found: dict[str, list[str]], invariant: str, problems: Iterable[str]) -> None:
    name = next(name for name in found if name.startswith(invariant))
    found[name] = [*found[name], *problems]
