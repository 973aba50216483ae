"""When a mail is handed over again, and for how long."""

from datetime import timedelta
from zlib import crc32

FIRST_RETRY_SECONDS = 1.0
LAST_RETRY_SECONDS = 30.0
REFUSED_RETRY_SECONDS = 60.0
MAX_REFUSALS = 5
LONGEST_PAUSE = timedelta(seconds=REFUSED_RETRY_SECONDS * 2.0**MAX_REFUSALS)
"""Longer than any pause between two attempts."""
LONGEST_WAIT = timedelta(days=36500)
# RFC 5321 §4.5.4.1: give up after at least four to five days.
MAX_AGE = timedelta(days=5)
FIRST_REPEAT_SECONDS = 60.0
LAST_REPEAT_SECONDS = 1800.0
"""Pauses before a mail is handed over again whose answer was lost; the provider may have sent it."""


def retry_pause(mail: str, attempts: int) -> float:
    """Seconds before a mail is tried again: longer after each attempt, and another time for each mail."""
    pause = min(FIRST_RETRY_SECONDS * 2.0 ** min(attempts, 10), LAST_RETRY_SECONDS)
    # Between half of it and all, so that mails that failed together do not come together.
    share = crc32(f"{mail} {attempts}".encode()) / 2**32
    return pause * (1 + share) / 2
