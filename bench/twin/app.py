"""The twin's process: `python -m bench.twin.app FOLDER DATABASE_URL PORT`.

The folder holds the public keys; mails are written below it.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from html import escape
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bench.twin.store import Command, Mail, Refused, Store

SKU = "MUG-RED"
MAILS = "mail"
"""The folder of the mails, below the twin's own."""
_STOCK = 10_000_000
_AT_ONCE = 100


class Shop:
    """Places orders, and writes a mail for each."""

    def __init__(self, store: Store, keys: KeySet, folder: Path) -> None:
        self._store = store
        self._keys = keys
        self._folder = folder
        self._is_placed = asyncio.Event()

    async def place(self, request: Request) -> JSONResponse:
        """`POST /v1/orders`, as the mesh takes it."""
        try:
            command = _command(self._customer(request), await request.json())
        except (JoseError, KeyError):
            return JSONResponse({"message": "a valid token is missing"}, 401)
        except (ValueError, TypeError):
            return JSONResponse({"message": "this is no order"}, 400)
        try:
            order = await self._store.place(command)
        except Refused as error:
            return JSONResponse({"message": f"sold out: {error}"}, 409)
        self._is_placed.set()
        return JSONResponse({"order": order})

    async def write_mails(self) -> None:
        """Write what is to be written, for ever."""
        while True:
            self._is_placed.clear()
            while mails := await self._store.mails(_AT_ONCE):
                await asyncio.to_thread(_write, self._folder, mails)
                await self._store.written(mails)
            await self._is_placed.wait()

    def _customer(self, request: Request) -> str:
        token = jwt.decode(request.headers["authorization"].removeprefix("Bearer "), self._keys)
        _CLAIMS.validate(token.claims)
        return str(token.claims["sub"])


_CLAIMS = jwt.JWTClaimsRegistry(
    aud={"essential": True, "value": "shopmesh-api"}, exp={"essential": True}, sub={"essential": True}
)


def _command(customer_id: str, body: Mapping[str, Any]) -> Command:
    try:
        lines = {str(line["sku"]): int(line["quantity"]) for line in body["lines"]}
        command = Command(customer_id, str(body["requestId"]), lines, dict(body["shippingAddress"]))
    except KeyError as error:
        raise ValueError(str(error)) from None
    if not lines or min(lines.values()) < 1:
        raise ValueError("nothing is ordered")
    return command


def _write(folder: Path, mails: Sequence[Mail]) -> None:
    for mail in mails:
        unfinished = folder / f".{mail.order_id}"
        with unfinished.open("wb") as file:
            file.write(_message(mail).as_bytes())
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(folder / f"{mail.order_id}.eml")


def _message(mail: Mail) -> EmailMessage:
    order = mail.content
    lines = [f"{line['quantity']} x {line['name']}" for line in order["lines"]]
    message = EmailMessage()
    message["From"], message["To"] = "hello@shop.example", "alice@example.com"
    message["Subject"], message["Message-ID"] = "We have your order", f"<{mail.order_id}@shop.example>"
    message.set_content("\n".join([*lines, f"Total: {order['totalCents'] / 100:.2f} EUR"]))
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    message.add_alternative(f"<html><body><ul>{items}</ul></body></html>", subtype="html")
    return message


async def _run(folder: Path, url: str, port: int) -> None:
    mails = folder / MAILS
    mails.mkdir(exist_ok=True)
    keys = KeySet.import_key_set(json.loads((folder / "jwks.json").read_text()))
    async with Store.opened(url) as store, asyncio.TaskGroup() as tasks:
        await store.stock(SKU, _STOCK)
        shop = Shop(store, keys, mails)
        app = Starlette(routes=[Route("/v1/orders", shop.place, methods=["POST"])])
        config = uvicorn.Config(app, port=port, log_level="warning", access_log=False)
        writing = tasks.create_task(shop.write_mails())
        await uvicorn.Server(config).serve()
        writing.cancel()


if __name__ == "__main__":
    uvloop.run(_run(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
