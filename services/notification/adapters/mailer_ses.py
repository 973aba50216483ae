"""Mails by Amazon SES, API version 2."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from services.notification.adapters.answers_ses import SEND, answer_of_error
from services.notification.adapters.mail_urls import SesUrl
from services.notification.adapters.mime import UnusableAddress, compose
from services.notification.adapters.standing_ses import (
    OpenSns,
    allowance_of,
    findings,
    identities,
    missing_permission,
    no_answer,
)
from services.notification.application.ports import Permission, ProviderUnavailable, Standing
from services.notification.domain.answer import (
    Accepted,
    Answer,
    AnswerLost,
    NotAllowed,
    Refused,
    Unavailable,
)
from services.notification.domain.finding import Finding
from services.notification.domain.message import (
    NOTIFICATION_ID_HEADER,
    NOTIFICATION_ID_TAG,
    Message,
)

if TYPE_CHECKING:
    from aiobotocore.client import AioBaseClient

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0


class SesMailer:
    """Hands mails to SES as they are; SES writes Message-ID and Date itself."""

    def __init__(self, url: SesUrl, client: "AioBaseClient", open_sns: OpenSns) -> None:
        """Bind a provider.

        Args:
            url: What it is set to.
            client: Of SES.
            open_sns: Opens a client of SNS in a region.
        """
        self._url = url
        self._client: Any = client
        self._open_sns = open_sns

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: SesUrl) -> AsyncIterator[Self]:
        """A mailer with its connections. Retries are ours: the SDK's own would hide a lost answer."""
        from aiobotocore.config import AioConfig  # noqa: PLC0415 - installed only where SES is used
        from aiobotocore.session import get_session  # noqa: PLC0415

        config = AioConfig(
            connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": 1}
        )
        session = get_session()

        def open_sns(region: str) -> AbstractAsyncContextManager[Any]:
            return session.create_client("sns", region_name=region, config=config)  # type: ignore[no-any-return]

        made = session.create_client(
            "sesv2", region_name=url.region, endpoint_url=url.endpoint, config=config
        )
        async with made as client:
            yield cls(url, client, open_sns)

    @property
    def name(self) -> str:
        return self._url.name

    async def send(self, message: Message) -> Answer:
        try:
            named = {NOTIFICATION_ID_HEADER: message.message_id}
            mail = compose(message, sender=self._url.sender, headers=named)
        except UnusableAddress as error:
            return Refused(str(error))
        request = {
            "FromEmailAddress": self._url.sender.addr_spec,
            "Destination": {"ToAddresses": [message.recipient.email]},
            "Content": {"Raw": {"Data": mail}},
            "ConfigurationSetName": self._url.configuration_set,
            "EmailTags": [{"Name": NOTIFICATION_ID_TAG, "Value": message.message_id}],
        }
        return await self._answer(request)

    async def _answer(self, request: dict[str, Any]) -> Answer:
        from botocore import exceptions as botocore  # noqa: PLC0415
        from botocore.parsers import ResponseParserError  # noqa: PLC0415

        try:
            answer = await self._client.send_email(**request)
        except botocore.ClientError as error:
            described, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
            return answer_of_error(SEND, described["Code"], described["Message"], http_status=status)
        except (botocore.NoCredentialsError, botocore.PartialCredentialsError):
            return NotAllowed("no credentials of AWS found")
        except (
            botocore.CredentialRetrievalError,
            botocore.ConnectTimeoutError,
            botocore.EndpointConnectionError,
            botocore.ProxyConnectionError,
            botocore.SSLError,
        ) as error:
            return Unavailable(f"not sent: {type(error).__name__}")
        except (botocore.HTTPClientError, ResponseParserError) as error:
            return AnswerLost(type(error).__name__)
        return Accepted(answer["MessageId"])

    @property
    def is_metered(self) -> bool:
        return True

    @property
    def is_repeatable(self) -> bool:
        return False

    async def standing(self) -> Standing:
        """Whether the account has left the sandbox, may send, and the sender is verified; and how much."""
        from botocore import exceptions as botocore  # noqa: PLC0415

        try:
            account = await self._client.get_account()
            reason = missing_permission(account, is_verified=await self.is_sender_verified())
        except botocore.ClientError as error:
            is_denied = error.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.FORBIDDEN
            # Credentials that may only send are good ones: then a mail has to be tried.
            return Standing(Permission.UNKNOWN if is_denied else Permission.NO_ANSWER)
        except no_answer():
            return Standing(Permission.NO_ANSWER)
        permission = Permission.DENIED if reason else Permission.GRANTED
        return Standing(permission, reason, allowance_of(account))

    async def is_sender_verified(self) -> bool:
        """By its address, or by its domain."""
        return any([each["VerifiedForSendingStatus"] async for each in identities(self._client, self._url)])

    async def check(self) -> Sequence[Finding]:
        return await findings(self._client, self._url, self._open_sns)

    async def lift(self, address: str) -> bool:
        from botocore import exceptions as botocore  # noqa: PLC0415

        try:
            await self._client.delete_suppressed_destination(EmailAddress=address)
        except botocore.ClientError as error:
            if error.response["Error"]["Code"] == "NotFoundException":
                return False
            raise ProviderUnavailable(self.name) from error
        except no_answer() as error:
            raise ProviderUnavailable(self.name) from error
        return True

    async def forget(self, message_id: str) -> None:
        """Nothing of a mail is kept here."""

    async def is_reachable(self) -> bool:
        """SES is never asked for its health: what it answers to mails shows it."""
        return True
