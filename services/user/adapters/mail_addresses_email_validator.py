"""Mail addresses by the rules of the `email-validator` package."""

from email_validator import EmailNotValidError, validate_email

from services.user.domain.errors import InvalidEmail

_RULE = "has to be a mail address with ASCII before the @ and a domain name behind it"


class EmailValidatorMailAddresses:
    """Syntax, lengths and domain names (RFC 5321, IDNA 2008); nothing is looked up."""

    def normal(self, email: str) -> str:
        try:
            valid = validate_email(email, allow_smtputf8=False, strict=True, check_deliverability=False)
        except EmailNotValidError as problem:
            raise InvalidEmail(
                f"email {_RULE}: {problem}", fields=[("email", f"{_RULE}: {problem}")]
            ) from None
        # There is an ASCII form of every address whose local part is ASCII.
        return str(valid.ascii_email).lower()
