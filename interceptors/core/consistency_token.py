"""What a caller has seen or written, as one opaque value.

URL-safe base64 of a JSON object from service to position.
"""

import base64
import binascii
import json
from collections.abc import Mapping

METADATA_KEY = "x-consistency-token"
_LONGEST_TOKEN = 1024


def encode_token(positions: Mapping[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(dict(positions), sort_keys=True).encode()).decode().rstrip("=")


def decode_token(token: str) -> Mapping[str, str]:
    """Read a token.

    Raises:
        ValueError: It is none of ours.
    """
    if len(token) > _LONGEST_TOKEN:
        raise ValueError("too long")
    try:
        positions = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if not isinstance(positions, dict) or not all(isinstance(each, str) for each in positions.values()):
        raise ValueError("not a map of positions")
    return positions
