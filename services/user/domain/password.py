"""Which passwords are refused (NIST SP 800-63B §3.1.1.2: length and a blocklist, no composition rules)."""

from services.user.domain.errors import WeakPassword

MIN_LENGTH = 10
MAX_LENGTH = 128

# The most common passwords of at least ten characters in published breaches.
_COMMON_LIST = """
1234567890 0987654321 1234567891 12345678910 0123456789 123456789a a123456789 123123123123
1111111111 0000000000 1122334455 112233445566 9876543210 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc
q1w2e3r4t5 qwertyuiop qwertyuiop123 qwerty1234 qwerty12345 qwerty123456 qwertyqwerty asdfghjkl1
asdfghjkl123 asdfasdfasdf zxcvbnm123 abcdefghij abcd123456 abc1234567 abcdef1234 password12
password123 password1234 password12345 password123456 passwordpassword mypassword mypassword1
passw0rd123 p@ssw0rd123 p@ssword123 admin12345 admin123456 administrator administrator1 changeme123
letmein123 welcome123 welcome1234 iloveyou12 iloveyou123 iloveyou1234 iloveyou2 princess123
sunshine123 football123 baseball123 basketball superman123 batman12345 charlie123 dragon12345
liverpool1 manchester manchester1 barcelona1 realmadrid chocolate1 strawberry butterfly1 teamomucho
christopher christina1 alexander1 michelle123 jordan2323 pokemon123 starwars123 computer123
internet123 samsung123 google12345 facebook123 linkedin123 whatever123 trustno1trustno1 monkey12345
master12345 hello12345 helloworld helloworld1 secret12345 shopmesh123 shopshop123
"""
_COMMON = frozenset(_COMMON_LIST.split())


def check_password(password: str, *, email: str, field: str) -> None:
    """Refuse a password that would be guessed first.

    Args:
        password: What was asked for.
        email: The account's address; neither it nor its local part is a password.
        field: The request's field, for the answer.

    Raises:
        WeakPassword: It is one of those.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise _weak(field, f"has to have {MIN_LENGTH} to {MAX_LENGTH} characters")
    lowered = password.lower()
    if lowered in _COMMON or len(set(lowered)) < 3:
        raise _weak(field, "is among the most common passwords; take a longer or rarer one")
    if lowered in {email, email.partition("@")[0]}:
        raise _weak(field, "is the address of the account; take another one")


def _weak(field: str, rule: str) -> WeakPassword:
    return WeakPassword(f"{field} {rule}", fields=[(field, rule)])
