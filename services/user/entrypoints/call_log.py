"""The log of authorize and token calls."""

import structlog

from mesh.server.telemetry import current_trace_id

_log = structlog.get_logger()


def log_call(endpoint: str, *, client_id: str, grant_type: str, outcome: str) -> None:
    """One line for each call; never a secret, never what a stranger typed."""
    _log.info(
        endpoint, client_id=client_id, grant_type=grant_type, outcome=outcome, trace_id=current_trace_id()
    )
