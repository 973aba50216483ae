"""The folder in which mails end where no provider is set."""

from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class MailFile:
    """A mail in the folder; `id` is its file name without ending."""

    id: str
    message: EmailMessage

    @property
    def time(self) -> datetime:
        """When it was written."""
        return parsedate_to_datetime(self.message["date"])


def read_mails(folder: Path) -> tuple[MailFile, ...]:
    """Every mail of a folder, the newest first."""
    mails = [_read(file) for file in folder.glob("*.eml")]
    return tuple(sorted(mails, key=lambda mail: (mail.time, mail.id), reverse=True))


def find_mail(folder: Path, mail_id: str) -> MailFile | None:
    """The mail with an id; None: it is not in the folder."""
    file = folder / f"{mail_id}.eml"
    return _read(file) if file.parent == folder and file.exists() else None


def _read(file: Path) -> MailFile:
    with file.open("rb") as source:
        message = BytesParser(EmailMessage, policy=policy.default).parse(source)
    return MailFile(file.stem, message)
