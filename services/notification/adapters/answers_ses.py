"""What each answer of Amazon SES means, by operation, code and message.

Sources: the errors of `SendEmail` and those common to all actions in the reference of the API, and the
messages that the developer guide lists for them. The same message comes under several codes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from services.notification.domain.answer import (
    Answer,
    NotAllowed,
    QuotaUsedUp,
    Refused,
    RefusedForNow,
    TooFast,
    Unavailable,
)

SEND = "SendEmail"
_ANY = ""


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """A row of the table; the first that fits decides.

    Attributes:
        operation: The action; empty: any.
        code: A pattern of the whole error code; empty: any.
        message: A pattern that occurs in the message, case ignored; empty: any.
        means: Makes the answer.
        reason: Why, in our words: the provider's own may contain addresses.
    """

    operation: str
    code: str
    message: str
    means: Callable[[str, str], Answer]
    reason: str

    def fits(self, operation: str, code: str, message: str) -> bool:
        return (
            self.operation in (_ANY, operation)
            and (not self.code or re.fullmatch(self.code, code) is not None)
            and (not self.message or re.search(self.message, message, re.IGNORECASE) is not None)
        )


ANSWERS = (
    AnswerRow(SEND, _ANY, "maximum sending rate exceeded", TooFast, "sending rate exceeded"),
    AnswerRow(SEND, _ANY, "daily (message|sending) quota exceeded", QuotaUsedUp, "daily quota used up"),
    AnswerRow(SEND, _ANY, "not verified", NotAllowed, "sender or recipient not verified"),
    AnswerRow(
        SEND, "MailFromDomainNotVerified(Exception)?", _ANY, NotAllowed, "MAIL FROM domain not verified"
    ),
    AnswerRow(SEND, "AccountSuspended(Exception)?", _ANY, NotAllowed, "account suspended"),
    AnswerRow(SEND, _ANY, "sending suspended|account.* suspended", NotAllowed, "account suspended"),
    AnswerRow(
        SEND, "(Account|ConfigurationSet)?SendingPaused(Exception)?", _ANY, NotAllowed, "sending paused"
    ),
    AnswerRow(SEND, _ANY, "sending (is )?(paused|disabled)", NotAllowed, "sending paused"),
    AnswerRow(
        SEND, "ConfigurationSetDoesNotExist(Exception)?", _ANY, NotAllowed, "no such configuration set"
    ),
    AnswerRow(SEND, _ANY, "configuration set .*not exist", NotAllowed, "no such configuration set"),
    AnswerRow(SEND, "NotFound(Exception)?", _ANY, NotAllowed, "no such configuration set"),
    AnswerRow(
        _ANY,
        "AccessDenied(Exception)?|UnauthorizedOperation|OptInRequired|NotAuthorized",
        _ANY,
        NotAllowed,
        "access denied",
    ),
    AnswerRow(
        _ANY,
        "ExpiredToken(Exception)?|TokenRefreshRequired|InvalidClientTokenId|UnrecognizedClient(Exception)?"
        "|MissingAuthenticationToken(Exception)?|IncompleteSignature(Exception)?|InvalidAccessKeyId",
        _ANY,
        NotAllowed,
        "credentials not valid",
    ),
    AnswerRow(
        _ANY,
        "RequestTimeTooSkewed|RequestExpired|RequestInTheFuture(Exception)?",
        _ANY,
        NotAllowed,
        "clock of this machine wrong",
    ),
    AnswerRow(
        _ANY,
        "InvalidSignature(Exception)?|SignatureDoesNotMatch",
        "expired|not yet current|skew",
        NotAllowed,
        "clock of this machine wrong",
    ),
    AnswerRow(
        _ANY, "InvalidSignature(Exception)?|SignatureDoesNotMatch", _ANY, NotAllowed, "credentials not valid"
    ),
    AnswerRow(
        _ANY,
        "TooManyRequests(Exception)?|Throttling(Exception)?|RequestThrottled.*",
        _ANY,
        TooFast,
        "throttled",
    ),
    AnswerRow(_ANY, "LimitExceeded(Exception)?", _ANY, TooFast, "a limit of the account exceeded"),
    AnswerRow(
        SEND,
        "MessageRejected(Exception)?|InvalidParameterValue|ValidationError",
        _ANY,
        Refused,
        "content refused",
    ),
    AnswerRow(SEND, "BadRequest(Exception)?|ValidationException", _ANY, Refused, "content refused"),
    AnswerRow(
        _ANY,
        "InternalFailure|InternalServiceError(Exception)?|InternalServerError|ServiceUnavailable(Exception)?",
        _ANY,
        Unavailable,
        "temporary failure",
    ),
)


def answer_of_error(operation: str, code: str, message: str, *, http_status: int) -> Answer:
    """What an error of SES means.

    Args:
        operation: The action, for example `SendEmail`.
        code: The error's code.
        message: Its text, which is looked at and never kept.
        http_status: Decides where the table knows nothing of the error.
    """
    for row in ANSWERS:
        if row.fits(operation, code, message):
            return row.means(row.reason, code)
    if http_status >= 500:
        return Unavailable("temporary failure", code)
    if http_status == 429:
        return TooFast("throttled", code)
    return RefusedForNow(f"unknown answer {http_status}", code)
