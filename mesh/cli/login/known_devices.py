"""That this machine has logged in before: accounts that know a device send no mail of a new one.

A file in the mesh's home keeps the cookies by which accounts know it; they prove nothing else.
"""

from http.cookiejar import CookieJar, LoadError, LWPCookieJar
from pathlib import Path

from mesh.server.secret_files import replace_file

_DEVICE_COOKIE = "__Host-device-"
_HEAD = "#LWP-Cookies-2.0\n"


class KnownDevices:
    """The cookies of one file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def lend(self, jar: CookieJar) -> None:
        """Put them into a browser's jar; a file that cannot be read has none."""
        kept = LWPCookieJar()
        try:
            kept.load(str(self._file))
        except (OSError, LoadError):
            return
        for cookie in kept:
            jar.set_cookie(cookie)

    def keep(self, jar: CookieJar) -> None:
        """Remember those that a browser has got."""
        kept = LWPCookieJar()
        for cookie in jar:
            if cookie.name.startswith(_DEVICE_COOKIE):
                kept.set_cookie(cookie)
        replace_file(self._file, _HEAD + kept.as_lwp_str(ignore_discard=False), mode=0o600)
