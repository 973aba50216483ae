"""`mail`: what was sent, what was not and why, and what it takes."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from mesh.cli.account_search import user_id_of
from mesh.cli.channels import ADMIN, channel_as, print_json
from mesh.cli.commands import mail_providers
from mesh.cli.commands.parked_events import Key, Parker, Who, redrive_parked, show_parked
from mesh.cli.console import note
from mesh.cli.context import is_running, running_settings_of, settings_of
from mesh.cli.mail_folder import MailFile, find_mail, read_mails
from mesh.cli.maintenance import run_module
from mesh.cli.sheets.mail_sheets import moment, show_mail, state_of
from mesh.cli.table import show_table
from mesh.launcher.errors import LaunchError
from mesh.messages import timestamp
from mesh.settings import MeshSettings
from shopmesh.notification.v1.mail_service_pb2 import (
    ListMailsRequest,
    ListMailsResponse,
    Mail,
    ResendMailRequest,
    ResendMailResponse,
)
from shopmesh.notification.v1.mail_service_pb2_grpc import MailServiceStub
from shopmesh.notification.v1.notification_service_pb2 import DeliveryState

_MOST = 50
_PAGE = 200

app = typer.Typer(help="Look into the mails that the mesh sends.", no_args_is_help=True)
for command in (mail_providers.check, mail_providers.resume, mail_providers.suppressed):
    app.command()(command)

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command("list")
def list_mails(
    context: typer.Context,
    *,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = _MOST,
    who: Who = ADMIN,
    as_json: AsJson = False,
) -> None:
    """List the mails, the newest first, whichever provider sent them; without a mesh those in the folder."""
    settings = settings_of(context)
    if not is_running(settings):
        _show_folder(read_mails(settings.mail)[:most], as_json=as_json)
        return
    mails = asyncio.run(_listed(running_settings_of(context), ListMailsRequest(), who=who, most=most))
    if as_json:
        print_json(ListMailsResponse(mails=mails))
    elif mails:
        rows = (_row(number, mail, settings) for number, mail in enumerate(mails, start=1))
        show_table(("no.", "time", "state", "provider", "to", "subject or template", "id"), rows)
    else:
        note("There are no mails yet.")


@app.command()
def show(
    context: typer.Context,
    *,
    order: Annotated[str, typer.Option(metavar="ID", help="The mails about this order.")] = "",
    user: Annotated[str, typer.Option(metavar="ID", help="The mails to this account.")] = "",
    email: Annotated[str, typer.Option(metavar="ADDRESS", help="The same, by its address.")] = "",
    most: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = _MOST,
    who: Who = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Show what became of somebody's mails: when, by whom, what was answered, and why not."""
    if sum(map(bool, (order, user, email))) != 1:
        raise typer.BadParameter("Give one of --order, --user and --email.")
    settings = running_settings_of(context)
    mails = asyncio.run(_about(settings, order=order, user=user, email=email, who=who, most=most))
    if as_json:
        print_json(ListMailsResponse(mails=mails))
    elif not mails:
        note("There is none.")
    else:
        for mail in mails:
            show_mail(mail)


@app.command()
def resend(
    context: typer.Context,
    mail_id: Annotated[str, typer.Argument(metavar="ID", help="As `mail list` and `mail show` print it.")],
    *,
    who: Who = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Send a mail about an order again, as another mail that says how things are now."""
    sent = asyncio.run(_resent(running_settings_of(context), mail_id, who))
    if as_json:
        print_json(sent)
    else:
        show_mail(sent.mail)


@app.command()
def preview(
    context: typer.Context,
    which: Annotated[str, typer.Argument(metavar="NUMBER|ID", help="As `mail list` shows them.")] = "1",
    *,
    gallery: Annotated[
        bool, typer.Option("--all", help="Every mail in every language, for a browser.")
    ] = False,
    who: Who = ADMIN,
) -> None:
    """Show one mail as text, by default the newest; only the folder keeps texts.

    With --all, examples of all mails are written to a page; its address is printed.
    """
    if gallery:
        folder = settings_of(context).home / "mail-gallery"
        raise typer.Exit(run_module(context, "services.notification.gallery", str(folder)))
    mail = _find(context, which, who)
    for name in ("From", "To", "Subject", "Date"):
        typer.echo(f"{typer.style(f'{name}:'.ljust(9), bold=True)}{mail.message[name]}")
    body = mail.message.get_body(("plain", "html"))
    typer.echo(f"\n{body.get_content() if body else ''}")


@app.command()
def parked(context: typer.Context, who: Who = ADMIN, as_json: AsJson = False) -> None:
    """List the events that should become mails and could not be handled, the oldest first."""
    show_parked(context, (Parker.NOTIFICATION,), who=who, as_json=as_json)


@app.command()
def redrive(context: typer.Context, key: Key = "", who: Who = ADMIN) -> None:
    """Handle them again, in order; exits with 0 when none remains, 1 when some do."""
    redrive_parked(context, (Parker.NOTIFICATION,), key=key, who=who)


async def _resent(settings: MeshSettings, mail_id: str, who: str) -> ResendMailResponse:
    async with channel_as(who, "notification", settings) as channel:
        return await MailServiceStub(channel).ResendMail(ResendMailRequest(notification_id=mail_id))


async def _about(
    settings: MeshSettings, *, order: str, user: str, email: str, who: str, most: int
) -> Sequence[Mail]:
    user_id = await user_id_of(email, who=who, settings=settings) if email else user
    return await _listed(settings, ListMailsRequest(order_id=order, user_id=user_id), who=who, most=most)


async def _listed(
    settings: MeshSettings, request: ListMailsRequest, *, who: str, most: int
) -> Sequence[Mail]:
    mails: list[Mail] = []
    async with channel_as(who, "notification", settings) as channel:
        stub = MailServiceStub(channel)
        while len(mails) < most:
            request.page_size = min(_PAGE, most - len(mails))
            page = await stub.ListMails(request)
            mails.extend(page.mails)
            request.page_token = page.next_page_token
            if not request.page_token:
                break
    return mails


def _show_folder(mails: Sequence[MailFile], *, as_json: bool) -> None:
    if as_json:
        print_json(ListMailsResponse(mails=map(_mail_in_folder, mails)))
    elif mails:
        rows = ((str(number), *_file_columns(mail), mail.id) for number, mail in enumerate(mails, start=1))
        show_table(("no.", "time", "to", "subject", "id"), rows)
    else:
        note("There are no mails yet.")


def _mail_in_folder(file: MailFile) -> Mail:
    """What a file shows of its mail."""
    return Mail(
        notification_id=file.id, state=DeliveryState.DELIVERY_STATE_SENT, send_time=timestamp(file.time)
    )


def _file_columns(mail: MailFile) -> tuple[str, ...]:
    time = mail.time.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return time, str(mail.message["to"]), str(mail.message["subject"])


def _row(number: int, mail: Mail, settings: MeshSettings) -> tuple[str, ...]:
    file = find_mail(settings.mail, mail.notification_id)
    to, subject = (f"account {mail.user_id}", mail.template) if file is None else _file_columns(file)[1:]
    time = moment(mail.send_time if mail.HasField("send_time") else mail.create_time)
    return str(number), time, state_of(mail), mail.provider or "-", to, subject, mail.notification_id


def _find(context: typer.Context, which: str, who: str) -> MailFile:
    settings = settings_of(context)
    mail_id = _numbered(context, int(which), who) if which.isdecimal() else which
    found = find_mail(settings.mail, mail_id)
    if found is None:
        raise LaunchError(
            f"There is no text of the mail {which!r}: only mails in the folder keep theirs.",
            "See all mails: shopmesh mail list",
        )
    return found


def _numbered(context: typer.Context, number: int, who: str) -> str:
    """The id of the mail that `mail list` shows with a number; empty where there is none."""
    settings = settings_of(context)
    if is_running(settings):
        running = running_settings_of(context)
        listed = asyncio.run(_listed(running, ListMailsRequest(), who=who, most=max(1, number)))
        ids = [mail.notification_id for mail in listed]
    else:
        ids = [mail.id for mail in read_mails(settings.mail)]
    return ids[number - 1] if 1 <= number <= len(ids) else ""
