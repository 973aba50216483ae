"""A part for tests: answers its readiness over HTTP, and misbehaves as its arguments say.

`dummy_part.py PORT [stubborn|broken]`: stubborn ignores SIGTERM, broken ends before it is ready.
"""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

STUBBORN, BROKEN = "stubborn", "broken"


class Ready(BaseHTTPRequestHandler):
    """Every GET is answered with the failpoint that this process was given."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ.get("FAILPOINT", "none").encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        """Say nothing about requests."""


def main(port: int, manner: str) -> None:
    if manner == BROKEN:
        sys.exit("the dummy is broken")
    signal.signal(signal.SIGTERM, signal.SIG_IGN if manner == STUBBORN else lambda *_: sys.exit(0))
    HTTPServer(("127.0.0.1", port), Ready).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
