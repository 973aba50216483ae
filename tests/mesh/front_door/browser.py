"""A browser that keeps a session with the front door."""

from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.mesh.front_door.provider import Provider
from tests.mesh.front_door.proxy import Proxy

PAGE = {"x-requested-with": "checkout"}


def host(proxy: Proxy) -> dict[str, str]:
    return {"host": f"localhost:{proxy.door.port}"}


def own_page(proxy: Proxy) -> dict[str, str]:
    return {**host(proxy), **PAGE, "origin": proxy.door.origin}


class Browser:
    """Keeps cookies as a browser does on localhost, `Secure` ones included."""

    def __init__(self, client: httpx.AsyncClient, proxy: Proxy) -> None:
        self._client = client
        self._proxy = proxy
        self.cookies: dict[str, str] = {}
        self.set_cookies: list[str] = []

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.request("GET", path, headers=headers)

    async def request(
        self, verb: str, path: str, *, headers: dict[str, str], json: object = None
    ) -> httpx.Response:
        cookie = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        sent = {**host(self._proxy), **(cookie if self.cookies else {}), **headers}
        response = await self._client.request(verb, path, headers=sent, json=json)
        for line in response.headers.get_list("set-cookie"):
            self._keep(line)
        return response

    def _keep(self, line: str) -> None:
        self.set_cookies.append(line)
        for name, morsel in SimpleCookie(line).items():
            if morsel["max-age"] == "0" or morsel.value in {"", "deleted"}:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value


async def log_in(browser: Browser, proxy: Proxy, provider: Provider, token: str) -> httpx.Response:
    """Log in, without the provider's part of it."""
    provider.tokens.update(access_token=token, refresh_token="refresh-1", token_type="Bearer", expires_in=300)
    sent_away = await browser.get("/session/login")
    asked = parse_qs(urlsplit(sent_away.headers["location"]).query)
    return await browser.get(f"/session/callback?code=code-1&state={asked['state'][0]}")
