"""The settings of the notification service."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from mesh.settings import MeshSettings, SettingError
from mesh.sql.databases import database_url
from services.notification.adapters.smtp_url import ALLOWED, SmtpUrl

MAIL_URL = "SHOPMESH_MAIL_URL"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the service is built from.

    Attributes:
        database_url: deliveries, preferences and the inbox.
        mail_folder: where mails are written as files, unless `mail_server` is set.
        mail_server: where mails are handed over (`SHOPMESH_MAIL_URL`).
        shop_url: where links in mails lead to.
        worker: this process's name among the service's workers.
    """

    database_url: str
    mail_folder: Path
    mail_server: SmtpUrl | None
    shop_url: str
    worker: str

    @classmethod
    def of(cls, mesh: MeshSettings) -> Self:
        """Derive them from the settings of the mesh.

        Raises:
            SettingError: the mail URL cannot be used.
        """
        return cls(
            database_url=database_url(mesh, "notification"),
            mail_folder=_folder(mesh),
            mail_server=_server(mesh.mail_url),
            shop_url=f"{mesh.issuer}/",
            worker=f"worker-{mesh.worker}",
        )


def _folder(settings: MeshSettings) -> Path:
    if not _is_folder(settings.mail_url):
        return settings.mail
    parts = urlsplit(str(settings.mail_url))
    if parts.netloc or not parts.path.startswith("/"):
        raise SettingError(MAIL_URL, str(settings.mail_url), "file:///absolute/folder")
    return Path(unquote(parts.path))


def _server(mail_url: str | None) -> SmtpUrl | None:
    if mail_url is None or _is_folder(mail_url):
        return None
    try:
        return SmtpUrl.parse(mail_url)
    except ValueError as error:
        shown = f"{urlsplit(mail_url).scheme}:…"
        raise SettingError(MAIL_URL, shown, f"{ALLOWED}, or file:///folder") from error


def _is_folder(mail_url: str | None) -> bool:
    return mail_url is not None and urlsplit(mail_url).scheme == "file"
