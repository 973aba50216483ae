"""The certificates by which Amazon SNS signs, fetched from SNS itself and from nowhere else."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ssl import SSLContext
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, urlsplit

from cachetools import TTLCache
from cryptography import x509

from services.notification.application.ports import HookRefused, HookUnavailable

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.abc import AbstractResolver

_CERTIFICATE_PATH = re.compile(r"/SimpleNotificationService-[0-9A-Fa-f]{8,64}\.pem")
_MOST_BYTES = 65_536
_SECONDS = 5.0
_KEPT_CERTIFICATES = 16
_KEPT_SECONDS = 86_400.0
_MOST_FETCHES = 12
_FETCH_WINDOW_SECONDS = 60.0


def sns_host(region: str) -> str:
    """The one host of SNS in a region."""
    return f"sns.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")


class SnsClient:
    """Asks SNS over HTTPS: certificates, and the confirmation of a subscription."""

    def __init__(self, session: "aiohttp.ClientSession") -> None:
        self._session = session
        self._certificates: TTLCache[str, x509.Certificate] = TTLCache(_KEPT_CERTIFICATES, _KEPT_SECONDS)
        self._fetches: TTLCache[int, None] = TTLCache(_MOST_FETCHES, _FETCH_WINDOW_SECONDS)
        self._fetched = 0
        self._one_at_a_time = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, *, tls: SSLContext | bool = True, resolver: "AbstractResolver | None" = None
    ) -> AsyncIterator[Self]:
        """A client with its connections.

        Args:
            tls: Which certificate authorities are believed; by default the system's.
            resolver: Finds the addresses of hosts; by default the system's.
        """
        import aiohttp  # noqa: PLC0415 - comes with aiobotocore, which is installed only where SES is used

        connector = aiohttp.TCPConnector(ssl=tls, resolver=resolver, limit=4)
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=True) as session:
            yield cls(session)

    async def certificate(self, url: str, *, region: str) -> x509.Certificate:
        """The certificate at a URL, which has to be that of SNS in the region of the topic.

        Raises:
            HookRefused: The URL is not one of SNS, or there is no certificate.
            HookUnavailable: SNS does not answer, or too many certificates were asked for.
        """
        if not is_url_of_sns(url, region) or not _CERTIFICATE_PATH.fullmatch(urlsplit(url).path):
            raise HookRefused("SigningCertURL is not a certificate of SNS in the region of the topic")
        if url not in self._certificates:
            await self._fetch(url)
        return self._certificates[url]

    async def _fetch(self, url: str) -> None:
        # Anybody may name certificates that there are not.
        if len(self._fetches) >= _MOST_FETCHES:
            raise HookUnavailable("too many certificates of SNS were asked for within a minute")
        self._fetched += 1
        self._fetches[self._fetched] = None
        async with self._one_at_a_time:
            if url not in self._certificates:
                self._certificates[url] = _parsed(await self._get(url))

    async def confirm(self, url: str, *, region: str, topic: str) -> None:
        """Confirm a subscription at the URL that SNS gave for it.

        Raises:
            HookRefused: The URL is not one of SNS in the region of the topic, or names another topic.
            HookUnavailable: SNS does not answer.
        """
        if not is_url_of_sns(url, region) or not _confirms(url, topic):
            raise HookRefused("SubscribeURL is not one of SNS that confirms a subscription to the topic")
        await self._get(url)

    async def _get(self, url: str) -> bytes:
        import aiohttp  # noqa: PLC0415

        try:
            async with self._session.get(url, allow_redirects=False) as answer:
                body = await answer.content.read(_MOST_BYTES)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise HookUnavailable(f"SNS does not answer: {type(error).__name__}") from error
        if answer.status >= 500:
            raise HookUnavailable(f"SNS answers {answer.status}")
        if answer.status != 200:
            raise HookRefused(f"SNS answers {answer.status}")
        return body


def is_url_of_sns(url: str, region: str) -> bool:
    """Whether a URL is one of SNS in a region, by HTTPS at its usual port."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and parts.netloc == sns_host(region) and not parts.fragment


def _confirms(url: str, topic: str) -> bool:
    query = parse_qs(urlsplit(url).query)
    return query.get("Action") == ["ConfirmSubscription"] and query.get("TopicArn") == [topic]


def _parsed(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise HookRefused("there is no certificate at SigningCertURL") from error
