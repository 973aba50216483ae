"""A part for tests: answers its readiness over HTTP, and misbehaves as its arguments or its environment say.

`dummy_part.py PORT [MANNER]`, or `DUMMY_MANNER=MANNER`: stubborn ignores SIGTERM, broken ends before it is
ready, mute never answers.
"""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

STUBBORN, BROKEN, MUTE = "stubborn", "broken", "mute"


class Ready(BaseHTTPRequestHandler):
    """Every GET is answered with the variable that its path names, or with the failpoint."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ.get(self.path[1:] or "FAILPOINT", "none").encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        """Say nothing about requests."""


def main(port: int, manner: str) -> None:
    if manner == BROKEN:
        sys.exit("the dummy is broken")
    signal.signal(signal.SIGTERM, signal.SIG_IGN if manner == STUBBORN else lambda *_: sys.exit(0))
    if manner == MUTE:
        sys.stderr.write("the dummy is mute\n")
        signal.pause()
    HTTPServer(("127.0.0.1", port), Ready).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), os.environ.get("DUMMY_MANNER") or (sys.argv[2] if len(sys.argv) > 2 else ""))
