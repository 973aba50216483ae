"""The people of the end-to-end tests: one mesh, and clients that are logged in over REST."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from selenium.webdriver import Chrome

from tests.e2e.page import Page
from tests.e2e.shop import Login, Store
from tests.e2e.strict import strict_mesh
from tests.support.running_mesh import RunningMesh, up

SERVICES = ("user", "order", "inventory", "notification")
_SECONDS = 300


@pytest.fixture(scope="package")
def running_mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMesh]:
    """One mesh for all tests that leave it as they found it."""
    with up(tmp_path_factory.mktemp("mesh") / "home") as mesh:
        yield mesh


@pytest.fixture(scope="package")
def anyone(running_mesh: RunningMesh) -> Iterator[httpx.Client]:
    with running_mesh.http() as client:
        yield client


@pytest.fixture(scope="package")
def alice(running_mesh: RunningMesh) -> Iterator[httpx.Client]:
    yield from _client(running_mesh, lambda: running_mesh.token("alice"))


@pytest.fixture(scope="package")
def bob(running_mesh: RunningMesh) -> Iterator[httpx.Client]:
    yield from _client(running_mesh, lambda: running_mesh.token("bob"))


@pytest.fixture(scope="package")
def admin(running_mesh: RunningMesh) -> Iterator[httpx.Client]:
    yield from _client(running_mesh, lambda: running_mesh.token("admin"))


@pytest.fixture(scope="package")
def wms(running_mesh: RunningMesh) -> Iterator[httpx.Client]:
    yield from _client(running_mesh, lambda: running_mesh.client_token("wms"))


@pytest.fixture(scope="package")
def service_tokens(running_mesh: RunningMesh) -> dict[str, str]:
    """Tokens of the order service, by the service that it calls."""
    return {service: running_mesh.client_token("order", audience=service) for service in SERVICES}


@pytest.fixture(scope="package")
def store(admin: httpx.Client) -> Store:
    return Store(admin)


@pytest.fixture(scope="package")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMesh]:
    """A mesh with narrow limits, whose services may be disturbed."""
    with strict_mesh(tmp_path_factory.mktemp("strict")) as mesh:
        yield mesh


def _client(mesh: RunningMesh, fetch: Callable[[], str]) -> Iterator[httpx.Client]:
    with mesh.http() as client:
        client.auth = Login(fetch)
        yield client


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A whole mesh may have to start first, on a machine that has other things to do."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(_SECONDS))


@pytest.fixture
def page(browser: Chrome, running_mesh: RunningMesh, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page; no test may make the browser forbid or report anything."""
    page = Page(browser, running_mesh.url)
    yield page
    page.picture(f"end-of-{request.node.name}")
    complaints = [entry["message"] for entry in browser.get_log("browser")]  # type: ignore[no-untyped-call]
    assert [text for text in complaints if "Failed to load resource" not in text] == []


@pytest.fixture
def alices_page(page: Page, running_mesh: RunningMesh) -> Page:
    page.open()
    page.log_in("alice@example.com", running_mesh.password("alice"))
    return page
