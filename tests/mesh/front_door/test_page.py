"""The web page's files, served from the configuration."""

from pathlib import Path

import pytest

from mesh.client.http import http_client
from mesh.contract import Contract
from tests.mesh.front_door.proxy import open_proxy
from tests.mesh.front_door.requests import reason

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCRIPT = "console.log('shop');\n" * 5000
PIXEL = bytes(range(256)) * 20


@pytest.fixture
def page(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Shop</title>")
    (folder / "assets" / "main-3f9A_c1e.js").write_text(SCRIPT)
    (folder / "assets" / "logo.png").write_bytes(PIXEL)
    return folder


async def test_files_are_served_with_type_lifetime_and_policy(
    contract: Contract, tmp_path: Path, page: Path, port_offset: int
) -> None:
    async with (
        open_proxy(contract, tmp_path, port_offset=port_offset, static=page) as proxy,
        http_client(proxy.url) as client,
    ):
        index = await client.get("/", headers={"authorization": "Bearer bad"})
        script = await client.get("/assets/main-3f9A_c1e.js")
        picture = await client.get("/assets/logo.png")
        head = await client.head("/")
        posted = await client.post("/")
        absent = [await client.get(path) for path in ("/assets", "/assets/", "/index.html", "/assets/../x")]

    assert (index.status_code, index.text) == (200, "<!doctype html><title>Shop</title>")
    assert index.headers["content-type"] == "text/html; charset=utf-8"
    assert index.headers["cache-control"] == "no-cache"
    policy = index.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert script.text == SCRIPT
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-encoding"] == "gzip"
    assert picture.content == PIXEL
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["cache-control"] == "no-cache"
    assert (head.status_code, head.content) == (200, b"")
    assert (posted.status_code, posted.headers["allow"], reason(posted)) == (
        405,
        "GET, HEAD",
        "METHOD_NOT_ALLOWED",
    )
    assert [response.status_code for response in absent] == [404] * 4
