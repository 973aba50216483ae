"""Every row of the table and the program that measures it."""

from collections.abc import Mapping

from bench.plan import Program
from bench.programs import calls, event_store

ROWS: Mapping[str, Program] = {
    "P1": calls.cached_batch,
    "P2": calls.interceptor_chain,
    "P9": event_store.appends,
    "P14": calls.two_workers,
}
