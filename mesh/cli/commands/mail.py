"""`mail`: the folder in which mails end when no mail server is set, and what did not become a mail."""

from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from mesh.cli.channels import ADMIN
from mesh.cli.commands.parked_events import Key, Parker, Who, redrive_parked, show_parked
from mesh.cli.console import note, out, show_table
from mesh.cli.context import settings_of
from mesh.launcher.errors import LaunchError

app = typer.Typer(help="Read the mails that the mesh has written.", no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail in the folder; `id` is its file name without ending."""

    id: str
    message: EmailMessage

    @property
    def time(self) -> datetime:
        """When it was written."""
        return parsedate_to_datetime(self.message["date"])


@app.command("list")
def list_mails(context: typer.Context) -> None:
    """List the mails, the newest first."""
    mails = read_mails(settings_of(context).mail)
    if not mails:
        note("There are no mails yet.")
        return
    rows = (_row(number, mail) for number, mail in enumerate(mails, start=1))
    show_table(("no.", "time", "to", "subject", "id"), rows)


@app.command()
def preview(
    context: typer.Context,
    which: Annotated[str, typer.Argument(metavar="NUMBER|ID", help="As `mail list` shows them.")] = "1",
) -> None:
    """Show one mail as text, by default the newest."""
    mail = _find(read_mails(settings_of(context).mail), which)
    for name in ("From", "To", "Subject", "Date"):
        out.print(Text(f"{name + ':':<9}", style="bold"), Text(str(mail.message[name])), sep="")
    body = mail.message.get_body(("plain", "html"))
    out.print(Text(f"\n{body.get_content() if body else ''}"))


@app.command()
def parked(
    context: typer.Context,
    who: Who = ADMIN,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the events that should become mails and could not be handled, the oldest first."""
    show_parked(context, (Parker.NOTIFICATION,), who=who, as_json=as_json)


@app.command()
def redrive(context: typer.Context, key: Key = "", who: Who = ADMIN) -> None:
    """Handle them again, in order; exits with 0 when none remains, 1 when some do."""
    redrive_parked(context, (Parker.NOTIFICATION,), key=key, who=who)


def read_mails(folder: Path) -> tuple[Mail, ...]:
    """Every mail of a folder, the newest first."""
    mails = [_read(file) for file in folder.glob("*.eml")]
    return tuple(sorted(mails, key=lambda mail: (mail.time, mail.id), reverse=True))


def _row(number: int, mail: Mail) -> tuple[str, ...]:
    time = mail.time.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return (str(number), time, str(mail.message["to"]), str(mail.message["subject"]), mail.id)


def _read(file: Path) -> Mail:
    with file.open("rb") as source:
        message = BytesParser(EmailMessage, policy=policy.default).parse(source)
    return Mail(file.stem, message)


def _find(mails: tuple[Mail, ...], which: str) -> Mail:
    if which.isdecimal() and 1 <= int(which) <= len(mails):
        return mails[int(which) - 1]
    for mail in mails:
        if mail.id == which:
            return mail
    raise LaunchError(f"There is no mail {which!r} among {len(mails)}.", "See them: shopmesh mail list")
