"""What Amazon SES says of the account, the sender and what reports on mails."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

from services.notification.adapters.mail_urls import SesUrl, region_of
from services.notification.adapters.topic_sns import topic_findings
from services.notification.domain.budget import Allowance
from services.notification.domain.finding import CheckState, Finding

_NOT_FOUND = ("NotFound", "NotFoundException")
OpenSns = Callable[[str], AbstractAsyncContextManager[Any]]
"""Opens a client of SNS in a region."""

REPORTED = ("BOUNCE", "COMPLAINT", "DELIVERY")
"""What the configuration set has to publish."""
_AWS = "AWS, once the owner of the account has asked for it"
_ACCOUNT = "who administers the AWS account"
_DNS = "who keeps the DNS of the sender's domain"


def no_answer() -> tuple[type[Exception], ...]:
    """What is raised where AWS does not answer, or somebody else does."""
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - installed only where SES is used
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    return (BotoCoreError, ResponseParserError, OSError)


def missing_permission(account: Mapping[str, Any], *, is_verified: bool) -> str:
    """Why we may not send; empty where we may."""
    if not account["ProductionAccessEnabled"]:
        return "production access not granted yet"
    if not account["SendingEnabled"]:
        return "sending paused"
    return "" if is_verified else "sender not verified"


def allowance_of(account: Mapping[str, Any]) -> Allowance:
    """What may be sent; a quota of -1 is none."""
    quota = account["SendQuota"]
    most = int(quota["Max24HourSend"])
    return Allowance(
        rate_per_second=max(0.1, float(quota["MaxSendRate"])),
        quota=None if most < 0 else most,
        used=int(quota["SentLast24Hours"]),
    )


async def identities(client: Any, url: SesUrl) -> AsyncIterator[Mapping[str, Any]]:
    """The identities of SES by which the sender may send, where they are known: its address and its domains.

    A domain is an identity for those below it as well.

    Raises:
        ClientError: They may not be read, or SES fails.
    """
    from botocore import exceptions as botocore  # noqa: PLC0415 - installed only where SES is used

    labels = url.sender.domain.split(".")
    domains = [".".join(labels[first:]) for first in range(max(1, len(labels) - 1))]
    for identity in (url.sender.addr_spec, *domains):
        try:
            yield await client.get_email_identity(EmailIdentity=identity)
        except botocore.ClientError as error:
            if error.response["Error"]["Code"] != "NotFoundException":
                raise


async def findings(client: Any, url: SesUrl, open_sns: OpenSns) -> Sequence[Finding]:
    """Everything that has to be there before mails reach customers and their bounces come back.

    Args:
        client: Of SES.
        url: What the provider is set to.
        open_sns: Opens a client of SNS in a region.
    """
    checks = (
        ("account", partial(_account, client, url)),
        ("sender", partial(_sender, client, url)),
        ("configuration set", partial(_configuration_set, client, url)),
        *(("topic", partial(_topic, topic, url, open_sns)) for topic in url.topics),
    )
    return [each for subject, check in checks for each in await _answered(check, url, subject)]


async def _topic(topic: str, url: SesUrl, open_sns: OpenSns) -> Iterable[Finding]:
    async with open_sns(region_of(topic)) as client:
        return await topic_findings(client, topic, provider=url.name)


async def _answered(
    check: Callable[[], Awaitable[Iterable[Finding]]], url: SesUrl, subject: str
) -> Iterable[Finding]:
    """The findings of a check, or that AWS does not let us look."""
    from botocore import exceptions as botocore  # noqa: PLC0415

    try:
        return await check()
    except botocore.ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _NOT_FOUND:
            remedy = f"create the {subject}, or correct SHOPMESH_MAIL_URL"
            return (Finding(url.name, subject, CheckState.MISSING, "there is none", remedy, _ACCOUNT),)
        found = f"AWS does not say: {code}"
        service = "sns" if subject == "topic" else "ses"
        remedy = f"allow {service}:{error.operation_name} to these credentials"
    except no_answer() as error:
        found, remedy = f"AWS cannot be asked: {type(error).__name__}", "look at network and credentials"
    return (Finding(url.name, subject, CheckState.UNKNOWN, found, remedy, _ACCOUNT),)


@dataclass(frozen=True, slots=True)
class _Finder:
    """Makes the findings of one provider."""

    provider: str

    def of(self, subject: str, ok: bool, found: str, remedy: str, responsible: str = _ACCOUNT) -> Finding:
        if ok:
            return Finding(self.provider, subject, CheckState.OK, found)
        return Finding(self.provider, subject, CheckState.MISSING, found, remedy, responsible)


async def _account(client: Any, url: SesUrl) -> Iterable[Finding]:
    finder, account = _Finder(url.name), await client.get_account()
    allowance = allowance_of(account)
    approved, enabled = account["ProductionAccessEnabled"], account["SendingEnabled"]
    quota = "no quota" if allowance.quota is None else f"{allowance.used} of {allowance.quota} in 24 hours"
    found = f"{quota}, {allowance.rate_per_second:g} mails a second"
    return (
        finder.of(
            "production access",
            approved,
            "granted" if approved else "not granted: the account is in the sandbox",
            "ask for production access in the SES console (Account dashboard)",
            _AWS,
        ),
        finder.of(
            "sending",
            enabled,
            "enabled" if enabled else f"paused; the account's health is {_health(account)}",
            "read what SES wrote to the account's owner, and enable sending",
        ),
        finder.of(
            "quota",
            allowance.room(about_an_account=True) != 0,
            found,
            "wait, or ask for a higher quota in the SES console",
            _AWS,
        ),
    )


def _health(account: Mapping[str, Any]) -> str:
    return str(account.get("EnforcementStatus", "unknown"))


async def _sender(client: Any, url: SesUrl) -> Iterable[Finding]:
    finder, sender = _Finder(url.name), url.sender
    known = [each async for each in identities(client, url)]
    verified = [each for each in known if each["VerifiedForSendingStatus"]]
    state = "verified" if verified else "not verified" if known else "unknown to SES"
    identity = f"create the identity {sender.domain} in SES and add its records to the DNS"
    signed = any(each.get("DkimAttributes", {}).get("Status") == "SUCCESS" for each in verified)
    return (
        finder.of(
            "sender",
            bool(verified),
            f"{sender.addr_spec}: {state}",
            identity if not known else "add the records that SES shows for the identity to the DNS",
            _DNS if known else _ACCOUNT,
        ),
        finder.of(
            "DKIM",
            signed,
            "mails are signed" if signed else "mails are not signed",
            "enable Easy DKIM for the identity and add its three CNAME records to the DNS",
            _DNS,
        ),
    )


async def _configuration_set(client: Any, url: SesUrl) -> Iterable[Finding]:
    finder, name = _Finder(url.name), url.configuration_set
    found = await client.get_configuration_set(ConfigurationSetName=name)
    enabled = found.get("SendingOptions", {}).get("SendingEnabled", True)
    listed = await client.get_configuration_set_event_destinations(ConfigurationSetName=name)
    return (
        finder.of(
            "configuration set",
            enabled,
            f"{name}: sending is {'enabled' if enabled else 'paused'}",
            "enable sending for the configuration set",
        ),
        _destination(finder, url, listed["EventDestinations"]),
    )


def _destination(finder: _Finder, url: SesUrl, destinations: Iterable[Mapping[str, Any]]) -> Finding:
    """Whether bounces, complaints and deliveries go to a topic of the URL."""
    reported = {
        kind
        for each in destinations
        if each.get("Enabled") and each.get("SnsDestination", {}).get("TopicArn") in url.topics
        for kind in each.get("MatchingEventTypes", ())
    }
    lacking = [kind for kind in REPORTED if kind not in reported]
    return finder.of(
        "event destination",
        not lacking,
        f"not published: {', '.join(lacking)}" if lacking else "bounces, complaints and deliveries",
        f"add an SNS destination with {', '.join(lacking)} for {url.topics[0]} to {url.configuration_set}",
    )
