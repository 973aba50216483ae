"""What each answer of SES means: the table, with the texts that SES sends."""

import pytest

from services.notification.adapters.answers_ses import ANSWERS, SEND, answer_of_error
from services.notification.domain.answer import (
    Answer,
    NotAllowed,
    QuotaUsedUp,
    Refused,
    RefusedForNow,
    TooFast,
    Unavailable,
)

RATE = "Maximum sending rate exceeded."
QUOTA = "Daily message quota exceeded."
UNVERIFIED = (
    "Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: "
    "hello@shop.example"
)
CASES: list[tuple[str, str, int, type[Answer]]] = [
    *(
        (code, RATE, 429, TooFast)
        for code in ("TooManyRequestsException", "Throttling", "ThrottlingException")
    ),
    ("LimitExceededException", RATE, 400, TooFast),
    *(
        (code, QUOTA, 429, QuotaUsedUp)
        for code in ("TooManyRequestsException", "Throttling", "LimitExceededException")
    ),
    ("TooManyRequestsException", "Too many requests", 429, TooFast),
    ("MessageRejected", UNVERIFIED, 400, NotAllowed),
    ("MailFromDomainNotVerifiedException", "", 400, NotAllowed),
    ("AccountSuspendedException", "", 400, NotAllowed),
    ("MessageRejected", "Sending suspended for this account. For more information, see ...", 400, NotAllowed),
    ("SendingPausedException", "", 400, NotAllowed),
    ("AccountSendingPausedException", "Email sending is disabled for the account", 400, NotAllowed),
    ("ConfigurationSetSendingPausedException", "", 400, NotAllowed),
    ("NotFoundException", "Configuration set <shop> does not exist.", 404, NotAllowed),
    ("ConfigurationSetDoesNotExistException", "", 400, NotAllowed),
    ("NotFoundException", "", 404, NotAllowed),
    ("MessageRejected", "Email sending is disabled", 400, NotAllowed),
    ("LimitExceededException", "", 400, TooFast),
    ("BadRequestException", "Configuration set <shop> does not exist.", 400, NotAllowed),
    ("AccessDeniedException", "User is not authorized to perform ses:SendEmail", 403, NotAllowed),
    ("AccessDenied", "", 403, NotAllowed),
    ("ExpiredTokenException", "The security token included in the request is expired", 403, NotAllowed),
    (
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
        403,
        NotAllowed,
    ),
    ("InvalidClientTokenId", "", 403, NotAllowed),
    ("SignatureDoesNotMatch", "The request signature we calculated does not match", 403, NotAllowed),
    (
        "InvalidSignatureException",
        "Signature expired: 20261123T080000Z is now earlier than ...",
        403,
        NotAllowed,
    ),
    ("RequestTimeTooSkewed", "", 403, NotAllowed),
    ("RequestExpired", "", 400, NotAllowed),
    ("MessageRejected", "Local address contains control or whitespace", 400, Refused),
    ("MessageRejected", "Message length is more than 10485760 bytes long: '10485761'.", 400, Refused),
    ("BadRequestException", "Missing final '@domain'", 400, Refused),
    ("BadRequestException", "Illegal address", 400, Refused),
    ("InternalFailure", "", 500, Unavailable),
    ("ServiceUnavailable", "", 503, Unavailable),
    ("InternalServiceErrorException", "", 500, Unavailable),
    ("SomethingNew", "", 500, Unavailable),
    ("SomethingNew", "", 429, TooFast),
    ("SomethingNew", "", 418, RefusedForNow),
]


@pytest.mark.parametrize(("code", "message", "status", "means"), CASES)
def test_an_error_means_what_the_table_says(
    code: str, message: str, status: int, means: type[Answer]
) -> None:
    assert type(answer_of_error(SEND, code, message, http_status=status)) is means


def test_every_row_of_the_table_is_met_by_a_case() -> None:
    met = {
        next((row for row in ANSWERS if row.fits(SEND, code, message)), None) for code, message, *_ in CASES
    }
    assert met - {None} == set(ANSWERS)


@pytest.mark.parametrize(("code", "message", "status", "means"), CASES)
def test_a_reason_repeats_nothing_of_what_ses_wrote(
    code: str, message: str, status: int, means: type[Answer]
) -> None:
    reason = getattr(
        answer_of_error(SEND, code, f"{message} alice@example.com", http_status=status), "reason", ""
    )
    assert reason
    assert "@" not in reason
    assert "shop" not in reason
