"""What the front door refuses by itself is a page for people, and JSON for programs."""

import re

import httpx
import pytest

from mesh.render.envoy.local_replies import REFUSALS
from mesh.render.envoy.reply_pages import LANGUAGES, reply_page
from tests.mesh.front_door.proxy import Proxy
from tests.mesh.front_door.requests import reason

pytestmark = pytest.mark.asyncio(loop_scope="session")

BROWSER = {"accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
REFUSED = {
    ("GET", "/nothing"): 404,
    ("GET", "/account/nothing"): 404,
    ("GET", "/v1/orders"): 401,
    ("DELETE", "/v1/products"): 405,
    ("PUT", "/account/register"): 405,
    ("GET", "/v1/products%2f"): 400,
}


@pytest.mark.parametrize(("verb", "path"), REFUSED, ids=str)
@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_browser_gets_a_page_in_words_with_a_way_on(
    client: httpx.AsyncClient, verb: str, path: str, language: str
) -> None:
    headers = BROWSER | {"accept-language": f"{language.upper()}-AT,en;q=0.5"}

    page = await client.request(verb, path, headers=headers)

    assert page.status_code == REFUSED[verb, path]
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert f'<html lang="{language}">' in page.text
    assert re.search(r'<h1>[^<]+</h1><p>[^<]+</p><p><a href="/[\w/]*">[^<]+</a>', page.text)
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    # What cannot be read at all belongs to no trace.
    assert page.status_code == 400 or page.headers["x-trace-id"]


@pytest.mark.parametrize(("verb", "path"), REFUSED, ids=str)
@pytest.mark.parametrize("accept", ["*/*", "application/json", None])
async def test_a_program_gets_json(
    client: httpx.AsyncClient, verb: str, path: str, accept: str | None
) -> None:
    headers = {} if accept is None else {"accept": accept}

    document = await client.request(verb, path, headers=headers)

    assert document.status_code == REFUSED[verb, path]
    assert document.headers["content-type"] == "application/json"
    assert reason(document)


async def test_a_bad_token_is_a_page_too(client: httpx.AsyncClient, proxy: Proxy) -> None:
    page = await client.get("/v1/orders", headers=BROWSER | proxy.bearer(aud="somebody-else"))

    assert page.status_code == 401
    assert 'href="/session/login"' in page.text


async def test_every_refusal_has_words_in_every_language() -> None:
    for language in LANGUAGES:
        for refusal in REFUSALS:
            body = reply_page(refusal.becomes or refusal.status, language)["body_format_override"]
            text = body["text_format_source"]["inline_string"]
            assert re.search(r"<h1>[^<]+</h1><p>[^<]+</p>", text)
