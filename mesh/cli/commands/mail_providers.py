"""`mail check`, `mail resume`, `mail suppressed`: providers, what waits for them, and who gets no mails."""

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import httpx
import typer
from google.protobuf.timestamp_pb2 import Timestamp

from mesh.cli.channels import ADMIN, channel_as, print_json
from mesh.cli.commands.parked_events import Who
from mesh.cli.console import note
from mesh.cli.context import running_settings_of
from mesh.cli.sheets.mail_sheets import moment, provider_lines, show_check, suppression_row
from mesh.cli.table import show_table
from mesh.cli.times import utc_time
from mesh.client.http import http_client
from mesh.messages import time_of, timestamp
from mesh.settings import MeshSettings
from shopmesh.notification.v1.mail_service_pb2 import (
    CheckMailProvidersRequest,
    CheckMailProvidersResponse,
    CheckState,
    GetMailBacklogRequest,
    GetMailBacklogResponse,
    LiftSuppressionRequest,
    LiftSuppressionResponse,
    ListSuppressionsRequest,
    ListSuppressionsResponse,
    ProviderCheck,
    ResumeMailsRequest,
    ResumeMailsResponse,
    Suppression,
)
from shopmesh.notification.v1.mail_service_pb2_grpc import MailServiceStub

if TYPE_CHECKING:
    from shopmesh.notification.v1.mail_service_pb2_grpc import MailServiceAsyncStub

_PAGE = 200
_SECONDS_BETWEEN_LINES = 1.0
_REACH_SECONDS = 10.0
_SOON_SECONDS = 5.0
_PATIENCE_SECONDS = 90.0
"""Longer than a worker may keep a mail, or a provider's pause may last."""

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


def check(context: typer.Context, who: Who = ADMIN, as_json: AsJson = False) -> None:
    """Ask every mail provider what the shop may do; print what is missing, and who has to do it.

    Exits with 0 when nothing is missing, else with 1.
    """
    settings = running_settings_of(context)
    checks = asyncio.run(_checks(settings, who))
    if as_json:
        print_json(CheckMailProvidersResponse(checks=checks))
    else:
        for each in checks:
            show_check(each)
    if any(each.state is not CheckState.CHECK_STATE_OK for each in checks):
        raise typer.Exit(1)


def resume(
    context: typer.Context,
    *,
    include_undelivered: Annotated[
        bool,
        typer.Option(help="Also send what went only to the folder, or failed for a provider's reasons."),
    ] = False,
    since: Annotated[
        datetime | None,
        typer.Option(
            parser=utc_time, metavar="TIME", help="With --include-undelivered: what became due since then."
        ),
    ] = None,
    who: Who = ADMIN,
) -> None:
    """Ask the providers again, and send what waits; shows how far it is.

    Exits with 0 when everything is sent, with 1 when mails are left that do not go soon.
    """
    if include_undelivered != (since is not None):
        raise typer.BadParameter("--include-undelivered and --since go together.")
    if not asyncio.run(_resume(running_settings_of(context), who, since)):
        raise typer.Exit(1)


def suppressed(
    context: typer.Context,
    *,
    lift: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Let this address get mails again, at the provider too.")
    ] = "",
    who: Who = ADMIN,
    as_json: AsJson = False,
) -> None:
    """List the addresses that get no mails after a bounce or a complaint, as hashes, or lift one."""
    settings = running_settings_of(context)
    if lift:
        lifted = asyncio.run(_lift(settings, who, lift))
        if as_json:
            print_json(lifted)
        else:
            was_suppressed = lifted.was_suppressed
            typer.echo(
                "The address gets mails again." if was_suppressed else "The address was not suppressed."
            )
        return
    found = asyncio.run(_suppressions(settings, who))
    if as_json:
        print_json(ListSuppressionsResponse(suppressions=found))
    elif found:
        show_table(("since", "cause", "hash of the address", "mail"), map(suppression_row, found))
    else:
        note("No address is suppressed.")


async def _checks(settings: MeshSettings, who: str) -> Sequence[ProviderCheck]:
    async with channel_as(who, "notification", settings) as channel:
        answer = await MailServiceStub(channel).CheckMailProviders(CheckMailProvidersRequest())
    return [*answer.checks, await _public_url_check(settings)]


async def _public_url_check(settings: MeshSettings) -> ProviderCheck:
    """Whether customers who open a link of a mail reach this mesh: its public keys are there."""
    found = ProviderCheck(provider="mesh", subject="public URL", state=CheckState.CHECK_STATE_OK)
    problem = await _unreachable(settings)
    if problem:
        found.state, found.found = CheckState.CHECK_STATE_MISSING, f"{settings.site}: {problem}"
        found.remedy = "set SHOPMESH_PUBLIC_URL to the https address whose proxy passes requests to the mesh"
        found.responsible = "who runs the mesh"
    else:
        found.found = f"{settings.site} reaches this mesh"
    return found


async def _unreachable(settings: MeshSettings) -> str:
    try:
        async with http_client(settings.site, timeout=_REACH_SECONDS) as http:
            answer = await http.get("/oauth2/jwks.json")
        keys = answer.json() if answer.status_code == httpx.codes.OK else None
    except (httpx.HTTPError, ValueError) as error:
        return f"cannot be reached from here: {type(error).__name__}"
    return "" if keys == json.loads(settings.jwks_file.read_text()) else "is not this mesh"


async def _resume(settings: MeshSettings, who: str, since: datetime | None) -> bool:
    async with channel_as(who, "notification", settings) as channel:
        stub = MailServiceStub(channel)
        asked: Timestamp | None = timestamp(since) if since else None
        answer = await stub.ResumeMails(ResumeMailsRequest(include_undelivered_since=asked))
        if since:
            note(f"{answer.included} mails are due again.")
        for line in provider_lines(answer.providers):
            note(line)
        return await _watch(stub, answer)


async def _watch(stub: "MailServiceAsyncStub", begun: ResumeMailsResponse) -> bool:
    """Print how many are sent whenever that changes; whether all are in the end."""
    shown, total, changed = -1, begun.unsent, time.monotonic()
    while True:
        backlog = await stub.GetMailBacklog(GetMailBacklogRequest())
        unsent = backlog.pending + backlog.waiting
        total = max(total, unsent)
        if total - unsent != shown:
            shown, changed = total - unsent, time.monotonic()
            typer.echo(f"{shown} of {total} done")
        if not unsent:
            return True
        if not is_moving(backlog) or time.monotonic() - changed > _PATIENCE_SECONDS:
            for line in provider_lines(backlog.providers):
                typer.echo(line)
            if backlog.deferred:
                first = moment(backlog.next_attempt_time)
                typer.echo(f"{backlog.deferred} mails are tried again later, the first at {first}.")
            return False
        await asyncio.sleep(_SECONDS_BETWEEN_LINES)


def is_moving(backlog: GetMailBacklogResponse) -> bool:
    """Whether a mail goes soon: then the rest is worth waiting for."""
    if backlog.pending > backlog.deferred or (backlog.waiting and _is_asked_soon(backlog)):
        return True
    return backlog.deferred > 0 and time_of(backlog.next_attempt_time) <= _soon()


def _is_asked_soon(backlog: GetMailBacklogResponse) -> bool:
    """Whether a provider that takes no mails is about to be asked; what a ready one takes waits no more."""
    return any(
        each.HasField("check_time") and time_of(each.check_time) <= _soon() for each in backlog.providers
    )


def _soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=_SOON_SECONDS)


async def _lift(settings: MeshSettings, who: str, address: str) -> LiftSuppressionResponse:
    async with channel_as(who, "notification", settings) as channel:
        return await MailServiceStub(channel).LiftSuppression(LiftSuppressionRequest(email=address))


async def _suppressions(settings: MeshSettings, who: str) -> Sequence[Suppression]:
    found: list[Any] = []
    request = ListSuppressionsRequest(page_size=_PAGE)
    async with channel_as(who, "notification", settings) as channel:
        stub = MailServiceStub(channel)
        while True:
            page = await stub.ListSuppressions(request)
            found.extend(page.suppressions)
            request.page_token = page.next_page_token
            if not request.page_token:
                return found
