"""What people choose by the links of their mails, and what mail providers unsubscribe for them (RFC 8058)."""

from collections.abc import AsyncIterator
from functools import partial

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from interceptors.validation.interceptor import ValidationInterceptor
from mesh.contract import load_contract
from mesh.server.form_calls import FormCalls
from mesh.server.http_client_address import client_address_of
from mesh.server.http_edge import refuse
from services.notification.application.notifications import Notifications
from services.notification.domain.choice_link import ChoiceLinks
from services.notification.domain.errors import StoreUnavailable
from services.notification.domain.preferences import CHANGEABLE_FIELDS, Preferences
from services.notification.domain.template import Topic
from services.notification.entrypoints.mail_http import MailPages
from services.notification.entrypoints.pages import mail_pages
from tests.component.notification.conftest import Worker
from tests.support.events import MORNING
from tests.support.mail import ALICE, BOB

LINKS = ChoiceLinks(b"the service's key", "https://shop.example")
TOPICS = [topic.value for topic in Topic if topic is not Topic.ACCOUNT]
BROWSER = {"accept": "text/html,*/*;q=0.8"}
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def notifications(worker: Worker) -> Notifications:
    return Notifications(read=worker.work.read, write=worker.work.write)


@pytest.fixture
async def http(worker: Worker, notifications: Notifications) -> AsyncIterator[httpx.AsyncClient]:
    calls = FormCalls(
        methods=[each for each in load_contract().methods if each.service.endswith(".NotificationService")],
        servicer=worker.servicer,
        hooks=[ValidationInterceptor()],
        clock=lambda: MORNING,
    )
    pages = MailPages(notifications, calls, LINKS, mail_pages(), client_address_of(""))
    refused = partial(refuse, pages.refuse)
    routes = [
        Route("/mail/preferences", pages.preferences, methods=["GET", "POST"]),
        Route("/mail/unsubscribe", pages.unsubscribe, methods=["GET", "POST"]),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: refused, StoreUnavailable: refused})
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="https://shop.example", headers=BROWSER
    ) as client:
        yield client


def test_topics_and_fields_are_the_same() -> None:
    assert tuple(TOPICS) == CHANGEABLE_FIELDS


async def test_people_choose_which_mails_they_get(
    http: httpx.AsyncClient, notifications: Notifications
) -> None:
    token = LINKS.token(ALICE)
    shown = await http.get("/mail/preferences", params={"token": token})
    assert shown.text.count("checked") == 2

    saved = await http.post("/mail/preferences", data={"token": token, "preferences.shippingUpdates": "true"})

    assert "It is saved." in saved.text
    assert saved.text.count("checked") == 1
    wanted = await notifications.preferences(ALICE)
    assert wanted == Preferences(order_updates=False, shipping_updates=True)
    assert await notifications.preferences(BOB) == Preferences()


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("form", ["urlencoded", "multipart", "empty"])
async def test_a_mail_provider_unsubscribes_by_one_post(
    http: httpx.AsyncClient, notifications: Notifications, topic: str, form: str
) -> None:
    url = LINKS.unsubscribe(ALICE, topic)
    sent = {"urlencoded": {"data": ONE_CLICK}, "multipart": {"files": _parts(ONE_CLICK)}, "empty": {}}[form]

    answer = await http.post(url, **sent)  # type: ignore[arg-type]
    again = await http.post(url, **sent)  # type: ignore[arg-type]

    assert (answer.status_code, again.status_code) == (200, 200)
    assert not {"set-cookie", "location"} & set(answer.headers)
    wanted = await notifications.preferences(ALICE)
    assert {name: getattr(wanted, name) for name in CHANGEABLE_FIELDS} == {
        name: name != topic for name in CHANGEABLE_FIELDS
    }


@pytest.mark.parametrize("topic", TOPICS)
async def test_looking_changes_nothing(
    http: httpx.AsyncClient, notifications: Notifications, topic: str
) -> None:
    asked = await http.get(LINKS.unsubscribe(ALICE, topic), headers={"accept-language": "de"})
    for path in ("/mail/unsubscribe", "/mail/preferences"):
        head = await http.head(path, params={"token": LINKS.token(ALICE), "topic": topic})
        assert head.status_code == 200

    assert asked.status_code == 200
    assert "Abbestellen" in asked.text
    assert await notifications.preferences(ALICE) == Preferences()


@pytest.mark.parametrize("path", ["/mail/preferences", "/mail/unsubscribe"])
@pytest.mark.parametrize(
    "token", ["", "x", ALICE, f"{ALICE}.", LINKS.token(ALICE)[:-1], f"{BOB}.{LINKS.token(ALICE)[37:]}"]
)
async def test_a_link_of_somebody_else_does_nothing(
    http: httpx.AsyncClient, notifications: Notifications, path: str, token: str
) -> None:
    query = {"token": token, "topic": TOPICS[0]}

    answers = [await http.get(path, params=query), await http.post(path, params=query, data={"token": token})]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert "This link does not work" in answers[0].text
    for user in (ALICE, BOB):
        assert await notifications.preferences(user) == Preferences()


@pytest.mark.parametrize("topic", ["", "account", "nothing"])
async def test_there_is_no_way_out_of_other_mails(http: httpx.AsyncClient, topic: str) -> None:
    assert (await http.post(LINKS.unsubscribe(ALICE, topic), data=ONE_CLICK)).status_code == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"preferences.orderUpdates": "perhaps"},
        {"preferences.shippingUpdates": ""},
        {"preferences.accountMails": "true"},
        {"orderUpdates": "true"},
        {"preferences": "true"},
        {"preferences.orderUpdates.x": "1"},
        {"preferences.orderUpdates": "true", "preferences.orderUpdates.x": "1"},
        {"a.b.c": "x"},
    ],
    ids=str,
)
async def test_a_form_that_the_method_does_not_take_changes_nothing(
    http: httpx.AsyncClient, notifications: Notifications, fields: dict[str, str]
) -> None:
    refused = await http.post("/mail/preferences", data={"token": LINKS.token(ALICE), **fields})

    assert refused.status_code == 400
    assert "This does not work" in refused.text
    assert await notifications.preferences(ALICE) == Preferences()


async def test_a_link_of_an_account_that_is_erased_brings_nothing_back(
    http: httpx.AsyncClient, notifications: Notifications, worker: Worker
) -> None:
    async with worker.work.write() as unit:
        await unit.erasures.add(ALICE, [])

    answer = await http.post(LINKS.unsubscribe(ALICE, TOPICS[0]), data=ONE_CLICK)

    assert answer.status_code == 200
    assert await notifications.preferences(ALICE) == Preferences()


async def test_while_the_store_is_away_people_read_so(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailable("the database is away")

    monkeypatch.setattr(Notifications, "update_preferences", away)

    page = await http.post(LINKS.unsubscribe(ALICE, TOPICS[0]), headers={"accept-language": "de"})
    document = await http.post(LINKS.unsubscribe(ALICE, TOPICS[0]), headers={"accept": "*/*"})

    assert (page.status_code, document.status_code) == (503, 503)
    assert "Im Moment nicht" in page.text
    assert document.json() == {"error": "temporarily_unavailable"}


async def test_a_form_that_is_too_long_or_broken_is_refused(http: httpx.AsyncClient) -> None:
    url = LINKS.unsubscribe(ALICE, TOPICS[0])
    broken = {"content-type": "multipart/form-data; boundary=x"}

    long = await http.post(url, data={"x": "y" * 300_000})
    unreadable = await http.post(url, content=b"--y\r\n", headers=broken)

    assert long.status_code == 413
    assert unreadable.status_code == 400


def _parts(fields: dict[str, str]) -> dict[str, tuple[None, str]]:
    return {name: (None, value) for name, value in fields.items()}
