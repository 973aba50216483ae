"""A MariaDB that has just died, as a service sees it."""

import pytest
import uvloop
from sqlalchemy.exc import OperationalError

from mesh.sql import is_reachable, open_engine
from tests.support.hanging_up import hanging_up


def test_a_server_that_hangs_up_at_once_is_away_whenever_the_loop_notices() -> None:
    async def connect_often() -> None:
        with hanging_up() as port:
            engine = open_engine(f"mysql+asyncmy://shop:secret@127.0.0.1:{port}/shop")
            for _ in range(100):
                with pytest.raises(OperationalError):
                    await is_reachable(engine)
            await engine.dispose()

    uvloop.run(connect_often())
