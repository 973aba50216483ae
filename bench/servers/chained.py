"""The mesh's own server with the whole chain, around a handler of a given cost.

`python -m bench.servers.chained ANSWER_FILE [MILLISECONDS]`: BatchGetStock, always answered with the same.
"""

import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from mesh.server.context import ServiceContext
from mesh.server.process import Service, Servicer, run
from shopmesh.inventory.v1 import inventory_service_pb2 as pb
from shopmesh.inventory.v1 import inventory_service_pb2_grpc as rpc


class ConstantServicer(rpc.InventoryServiceServicer):
    """Answers the same to everybody, after having kept the core busy for a while."""

    def __init__(self, *, answer: pb.BatchGetStockResponse, cost_seconds: float) -> None:
        self._answer = answer
        self._cost_seconds = cost_seconds

    async def BatchGetStock(self, request: pb.BatchGetStockRequest, context: Any) -> pb.BatchGetStockResponse:
        if self._cost_seconds:
            _work(self._cost_seconds)
        return self._answer


@asynccontextmanager
async def compose(answer: bytes, cost_seconds: float, _context: ServiceContext) -> AsyncIterator[Service]:
    """The service: no database, no tasks."""
    message = pb.BatchGetStockResponse.FromString(answer)
    servicer = ConstantServicer(answer=message, cost_seconds=cost_seconds)  # type: ignore[abstract]
    yield Service(
        servicers=(Servicer(rpc.add_InventoryServiceServicer_to_server, servicer),),
        errors={},
        hard={},
        soft={},
    )


def _work(seconds: float) -> None:
    """Use the processor, of which waiting for others does not count."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


if __name__ == "__main__":
    cost_seconds = float(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.0
    run("inventory", partial(compose, Path(sys.argv[1]).read_bytes(), cost_seconds))
