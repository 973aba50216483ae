"""Mails and their providers as people read them in a terminal."""

from collections.abc import Iterable, Iterator

import typer
from google.protobuf.timestamp_pb2 import Timestamp

from mesh.messages import time_of
from shopmesh.notification.v1.mail_service_pb2 import (
    CheckState,
    Mail,
    MailAnswer,
    MailFeedback,
    MailProvider,
    ProviderCheck,
    ProviderCondition,
    Suppression,
    SuppressionCause,
)
from shopmesh.notification.v1.notification_service_pb2 import DeliveryState

_MARKS = {
    CheckState.CHECK_STATE_OK: ("✓", typer.colors.GREEN),
    CheckState.CHECK_STATE_MISSING: ("✗", typer.colors.RED),
    CheckState.CHECK_STATE_UNKNOWN: ("?", typer.colors.YELLOW),
}


def state_of(mail: Mail) -> str:
    """Where a mail stands, in one word."""
    return DeliveryState.Name(mail.state).removeprefix("DELIVERY_STATE_")


def moment(time: Timestamp) -> str:
    """A time as this machine's clock shows it."""
    return time_of(time).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def show_mail(mail: Mail) -> None:
    """A sheet with everything that is known of a mail."""
    typer.secho(f"{mail.template}  {state_of(mail)}", bold=True)
    for name, value in _facts(mail):
        if value:
            typer.echo(f"{typer.style(f'  {name:<10}', dim=True)}{value}")


def show_check(check: ProviderCheck) -> None:
    """A line for what is there; for what is missing also what has to be done, and by whom."""
    mark, colour = _MARKS[check.state]
    typer.echo(f"{typer.style(mark, fg=colour)} {check.provider}  {check.subject}: {check.found}")
    if check.remedy:
        who = f" ({check.responsible})" if check.responsible else ""
        typer.secho(f"    {check.remedy}{who}", fg=typer.colors.CYAN)


def provider_lines(providers: Iterable[MailProvider]) -> Iterator[str]:
    """A line for each provider."""
    for each in providers:
        condition = ProviderCondition.Name(each.condition).removeprefix("PROVIDER_CONDITION_")
        since = f" since {moment(each.since)}" if each.HasField("since") else ""
        yield f"{each.name}: {condition}{since}" + (f", {each.reason}" if each.reason else "")


def suppression_row(each: Suppression) -> tuple[str, ...]:
    """The columns of a suppressed address."""
    cause = SuppressionCause.Name(each.cause).removeprefix("SUPPRESSION_CAUSE_").lower()
    return moment(each.create_time), cause, each.address_hash[:16], each.notification_id


def _facts(mail: Mail) -> Iterator[tuple[str, str]]:
    answer = MailAnswer.Name(mail.answer).removeprefix("MAIL_ANSWER_") if mail.answer else ""
    feedback = MailFeedback.Name(mail.feedback).removeprefix("MAIL_FEEDBACK_") if mail.feedback else ""
    yield "id", mail.notification_id
    yield "order", mail.order_id
    yield "user", mail.user_id
    yield "reason", mail.reason
    yield "due since", moment(mail.create_time)
    yield "waits", f"since {moment(mail.wait_time)}" if mail.HasField("wait_time") else ""
    yield "next try", moment(mail.due_time) if mail.HasField("due_time") else ""
    yield "sent", moment(mail.send_time) if mail.HasField("send_time") else ""
    yield "provider", " ".join(filter(None, (mail.provider, mail.provider_message_id)))
    yield "answer", " ".join(filter(None, (answer, mail.answer_code)))
    yield "tried", f"{mail.attempts} times" if mail.attempts != 1 else "once"
    yield (
        "no answer",
        f"{mail.lost_answers} times: it may have arrived more than once" * bool(mail.lost_answers),
    )
    yield (
        "reported",
        " ".join(filter(None, (feedback, mail.feedback_detail)))
        + (f" at {moment(mail.feedback_time)}" if mail.HasField("feedback_time") else ""),
    )
    yield "copy of", f"{mail.copy_of}, asked for by {mail.requested_by}" * bool(mail.copy_of)
    yield "trace", mail.trace_id
