"""Lets holds expire as time passes."""

import asyncio

from services.inventory.application.expiry import Expiry


async def sweep_regularly(expiry: Expiry, *, pause_seconds: float) -> None:
    """Give back holds that have run out, at the latest `pause_seconds` after their end; never returns."""
    while True:
        await expiry.sweep()
        await asyncio.sleep(pause_seconds)
