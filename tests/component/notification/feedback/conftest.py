"""The service's HTTP port with the hook of a mail provider only, and who calls it."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from mesh.server.http_edge import HttpEdge
from services.notification.adapters.hook_messages_sns import SnsHookMessages
from services.notification.adapters.mailer_ses import SesMailer
from services.notification.domain.errors import StoreUnavailable
from services.notification.entrypoints.hooks_http import SesHook
from tests.component.notification.conftest import StartWorker, Worker, World
from tests.support.ses import TOPIC
from tests.support.sns import FakeSns, fake_sns


@pytest.fixture
async def sns() -> AsyncIterator[FakeSns]:
    async with fake_sns() as fake:
        yield fake


@pytest.fixture
async def worker(start_worker: StartWorker, by_ses: SesMailer) -> Worker:
    started: Worker = await start_worker(chain=(by_ses,))
    return started


def hooks_app(hook: SesHook) -> Starlette:
    """The service's HTTP port with the hook of a mail provider only."""
    edge = Middleware(HttpEdge, span="hook", unavailable=StoreUnavailable)
    return Starlette(routes=[Route("/hooks/ses", hook.post, methods=["POST"])], middleware=[edge])


@pytest.fixture
async def hook(world: World, worker: Worker, sns: FakeSns) -> AsyncIterator[httpx.AsyncClient]:
    """The service's HTTP port, which knows one topic."""
    messages = SnsHookMessages(sns.client, provider="ses:eu-central-1", topics=(TOPIC,), clock=world.clock)
    app = hooks_app(SesHook(messages, worker.feedbacks))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://notification") as client:
        yield client
