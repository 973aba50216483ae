"""Every row of the table and the program that measures it."""

from collections.abc import Mapping

from bench.plan import Program
from bench.programs import (
    calls,
    commands,
    consuming,
    echoed,
    event_log,
    event_store,
    front_door,
    growth,
    overload,
    rebuild,
    reservations,
    stock,
    stored,
    sustained,
    watching,
    whole,
    worst_requests,
)

ROWS: Mapping[str, Program] = {
    "P16": whole.order_cost,
    "P16b": whole.counts_of_an_order,
    "P17": sustained.orders_per_second,
    "P18": sustained.waiting_for_an_order,
    "P1": calls.cached_batch,
    "P2": calls.interceptor_chain,
    "P3": stock.against_baseline,
    "P4": stock.at_load,
    "P5": stock.statements,
    "P6": stock.concurrent_misses,
    "P7": reservations.hot_and_spread,
    "P8": front_door.rest_against_grpc,
    "P9": event_store.appends,
    "P10": event_log.carried,
    "P11": rebuild.of_the_index,
    "P12": growth.of_everything,
    "P13": overload.three_times_the_knee,
    "P14": calls.two_workers,
    "P15": front_door.placing_orders,
    "P19": whole.idle_mesh,
    "P20": consuming.events_per_second,
    "P21": commands.command_lines,
    "P22": stored.with_many_orders,
    "P22r": stored.with_many_orders_on_servers,
    "P23": echoed.rest_against_echo,
    "P24": worst_requests.of_each_method,
    "W1": watching.live_stock,
}
