"""Every row of the table and the program that measures it."""

from collections.abc import Mapping

from bench.plan import Program
from bench.programs import calls

ROWS: Mapping[str, Program] = {
    "P1": calls.cached_batch,
    "P2": calls.interceptor_chain,
    "P14": calls.two_workers,
}
