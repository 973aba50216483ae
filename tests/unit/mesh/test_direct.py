"""Whether other programs ask a proxy for localhost."""

from collections.abc import Mapping

import pytest

from mesh.client.direct import proxy_of_localhost
from mesh.client.http import http_client

PROXY = "http://proxy.example.com:3128"


@pytest.mark.parametrize(
    ("environ", "variable"),
    [
        ({}, None),
        ({"http_proxy": ""}, None),
        ({"http_proxy": PROXY}, "http_proxy"),
        ({"ALL_PROXY": PROXY}, "ALL_PROXY"),
        ({"http_proxy": PROXY, "no_proxy": "intranet.example.com"}, "http_proxy"),
        ({"http_proxy": PROXY, "no_proxy": "localhost"}, "http_proxy"),
        ({"http_proxy": PROXY, "no_proxy": "localhost, 127.0.0.1"}, None),
        ({"http_proxy": PROXY, "NO_PROXY": "127.0.0.1,localhost,.example.com"}, None),
        ({"http_proxy": PROXY, "no_proxy": "*"}, None),
    ],
)
def test_a_proxy_is_asked_for_localhost_unless_both_of_its_names_are_excepted(
    environ: Mapping[str, str], variable: str | None
) -> None:
    assert proxy_of_localhost(environ) == variable


async def test_a_client_of_the_mesh_has_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", PROXY)
    monkeypatch.delenv("no_proxy", raising=False)

    async with http_client("http://localhost:8080") as client:
        assert not any(client._mounts.values())
