"""Browsers of tests."""

from typing import Any

import httpx


class Browser(httpx.AsyncClient):
    """Sends the cookies of its one host as browsers do on localhost: `Secure` ones too, though it is http."""

    def __init__(self, base_url: str, **options: Any) -> None:
        super().__init__(
            base_url=base_url, trust_env=False, event_hooks={"request": [self._add_cookies]}, **options
        )

    async def _add_cookies(self, request: httpx.Request) -> None:
        kept = [f"{cookie.name}={cookie.value}" for cookie in self.cookies.jar]
        if kept:
            request.headers["cookie"] = "; ".join(kept)
