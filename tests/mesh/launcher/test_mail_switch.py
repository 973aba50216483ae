"""A shop under load moves its mails to Amazon SES by one setting and one command."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import httpx
import pytest

from tests.support.mail import SmtpServer, parse, smtp_server
from tests.support.ports import leased_offset
from tests.support.running_mesh import RunningMesh
from tests.support.ses import CREDENTIALS, FakeSes, fake_ses
from tests.support.waiting import eventually

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]

MAIL_URL = "SHOPMESH_MAIL_URL"
SITE = {"SHOPMESH_PUBLIC_URL": "https://shop.example"}
ADDRESS = {
    "recipient": "Alice Adams",
    "line1": "Main Street 1",
    "city": "Berlin",
    "postalCode": "10115",
    "countryCode": "DE",
}
SKUS = ("MUG-RED", "APRON-LINEN")
BEFORE, AFTER = 20, 20


@dataclass
class Load:
    """Orders that are placed one after the other."""

    token: str
    url: str
    confirmed: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    is_over: bool = False

    async def run(self) -> None:
        """Place orders until it is over; none is left half-way."""
        headers = {"authorization": f"Bearer {self.token}"}
        async with httpx.AsyncClient(base_url=self.url, headers=headers, trust_env=False, timeout=30) as shop:
            number = 0
            while not self.is_over:
                number += 1
                await self._place(shop, number)

    async def _place(self, shop: httpx.AsyncClient, number: int) -> None:
        lines = [{"sku": SKUS[number % len(SKUS)], "quantity": 1}]
        order = {"requestId": f"switch-{number}", "lines": lines, "shippingAddress": ADDRESS}
        answer = await shop.post("/v1/orders", json=order)
        document: Mapping[str, Any] = answer.json()
        if not answer.is_success:
            self.refusals.append(answer.text)
        elif document["order"]["state"] == "ORDER_STATE_CONFIRMED":
            self.confirmed.append(document["order"]["orderId"])


@asynccontextmanager
async def under_load(load: Load) -> AsyncIterator[None]:
    placing = asyncio.create_task(load.run())
    try:
        yield
    finally:
        load.is_over = True
        await placing


def _without_limit(folder: Path) -> Path:
    """A limits file under which one customer may order as fast as the mesh answers."""
    limits = folder / "limits.json"
    limits.write_text(json.dumps({"classes": {"place_order": {"rate_per_minute": 100_000}}}))
    return limits


def arrived(mesh: RunningMesh, ses: FakeSes, smtp: SmtpServer) -> Counter[str]:
    """How often each mail arrived anywhere, by its id."""
    in_folder = [file.stem for file in (mesh.home / "mail").glob("*.eml")]
    by_smtp = [str(parse(each.content)["Message-ID"]).strip("<>").partition("@")[0] for each in smtp.received]
    by_ses = [str(each["EmailTags"][0]["Value"]) for each in ses.taken]
    return Counter([*in_folder, *by_smtp, *by_ses])


@pytest.mark.parametrize("first", ["file", "smtp"])
async def test_nothing_is_lost_or_doubled_and_no_order_notices(tmp_path: Path, first: str) -> None:
    async with fake_ses() as ses, smtp_server() as smtp:
        before = {
            "file": (tmp_path / "home" / "mail").as_uri(),
            "smtp": f"smtp://127.0.0.1:{smtp.port}?from=hello@shop.example",
        }
        ses.rate = 1000.0
        with leased_offset() as offset:
            settings = {**CREDENTIALS, "SHOPMESH_LIMITS_FILE": str(_without_limit(tmp_path))}
            mesh = RunningMesh(tmp_path / "home", offset, {**settings, MAIL_URL: before[first]})
            switched = replace(mesh, variables={**settings, **SITE, MAIL_URL: ses.url_text})
            try:
                await asyncio.to_thread(mesh.run, "up")
                load = Load(await asyncio.to_thread(mesh.token, "alice"), mesh.url)

                async def has_placed() -> bool:
                    return len(load.confirmed) >= BEFORE

                async def has_switched() -> bool:
                    return len(ses.taken) >= AFTER

                async def has_all() -> bool:
                    return arrived(mesh, ses, smtp).total() >= len(load.confirmed)

                async with under_load(load):
                    await eventually(has_placed, "orders are placed", seconds=60)
                    await asyncio.to_thread(switched.run, "restart", "notification")
                    await eventually(has_switched, "mails go by SES", seconds=60)
                await eventually(has_all, "every mail has gone", seconds=60)
                found = arrived(mesh, ses, smtp)
            finally:
                await asyncio.to_thread(mesh.run, "down")

    assert not load.refusals
    assert found == Counter(str(uuid5(UUID(order), "order_confirmed")) for order in load.confirmed)
    assert len(ses.taken) < found.total()
