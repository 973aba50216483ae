"""The settings of the notification service."""

from dataclasses import dataclass
from email.headerregistry import Address
from pathlib import Path
from typing import Self

from mesh.settings import MeshSettings, UnusableSetting
from mesh.sql.databases import database_url
from services.notification.adapters.mail_urls import (
    FolderUrl,
    MailUrlError,
    ProviderUrl,
    SesUrl,
    mailbox,
    parse_mail_urls,
)

MAIL_URL = "SHOPMESH_MAIL_URL"
REPLY_TO = "SHOPMESH_MAIL_REPLY_TO"
PUBLIC_URL = "SHOPMESH_PUBLIC_URL"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the service is built from.

    Attributes:
        database_url: Deliveries, preferences and the inbox.
        mail_folder: Where mails are written as files, where there is no provider.
        providers: Where mails are handed over, in the order in which they are asked (`SHOPMESH_MAIL_URL`).
        reply_to: The mailbox that answers to mails reach; None: nobody reads them.
        site: Where links in mails lead to, without a slash at its end.
        worker: This process's name among the service's workers.
        address_key: The file with the key by which suppressed addresses are hashed.
    """

    database_url: str
    mail_folder: Path
    providers: tuple[ProviderUrl, ...]
    reply_to: Address | None
    site: str
    worker: str
    address_key: Path

    @property
    def ses(self) -> SesUrl | None:
        """The provider that is SES; None: there is none."""
        return next((each for each in self.providers if isinstance(each, SesUrl)), None)

    @classmethod
    def of(cls, mesh: MeshSettings) -> Self:
        """Derive them from the settings of the mesh.

        Raises:
            UnusableSetting: A mail URL cannot be used, or customers could not open the links in mails of SES.
        """
        parsed = _parsed(mesh)
        folder, providers = (parsed.folder, ()) if isinstance(parsed, FolderUrl) else (mesh.mail, parsed)
        if mesh.public_url is None and any(isinstance(each, SesUrl) for each in providers):
            raise UnusableSetting(
                PUBLIC_URL, "it has to be the https URL at which customers open the links in mails of SES"
            )
        return cls(
            database_url=database_url(mesh, "notification"),
            mail_folder=folder,
            providers=providers,
            reply_to=_reply_to(mesh),
            site=mesh.site,
            worker=f"worker-{mesh.worker}",
            address_key=mesh.secrets / "mail-addresses.key",
        )


def _reply_to(mesh: MeshSettings) -> Address | None:
    if not mesh.mail_reply_to:
        return None
    if (found := mailbox(mesh.mail_reply_to)) is None:
        raise UnusableSetting(REPLY_TO, "it has to be one mailbox, for example Shop <help@shop.example>")
    return found


def _parsed(mesh: MeshSettings) -> FolderUrl | tuple[ProviderUrl, ...]:
    try:
        return parse_mail_urls(mesh.mail_urls)
    except MailUrlError as error:
        raise UnusableSetting(MAIL_URL, str(error)) from error
