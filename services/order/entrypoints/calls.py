"""Who calls, why, and how long they wait, as the application needs it."""

from typing import Protocol

from interceptors.auth.caller import Caller, caller, staff_actor
from mesh.server.telemetry import current_traceparent
from services.kernel.ids import NewId
from services.order.application.commands.deadline import Deadline
from services.order.application.journal import Cause

AUDIT_SCOPE = "audit"


class Waiting(Protocol):
    """How long the caller of a gRPC call waits."""

    def time_remaining(self) -> float | None:
        """Seconds until the caller's deadline; None without one."""
        ...


def customer_cause(new_id: NewId) -> Cause:
    """A command of a customer about their own order."""
    return _cause(f"customer:{caller().subject}", new_id)


def staff_cause(new_id: NewId) -> Cause:
    """A command of staff or of a program that fulfils orders."""
    return _cause(staff_actor(), new_id)


def deadline_of(context: Waiting, allowed_seconds: float) -> Deadline:
    """The caller's deadline, at most what the contract allows."""
    asked = context.time_remaining()
    return Deadline.within(allowed_seconds if asked is None else min(asked, allowed_seconds))


def readable_customer(now: Caller) -> str | None:
    """Whose orders the caller may read with an audit method; None: everybody's."""
    return None if now.has(AUDIT_SCOPE) else now.subject


def _cause(actor: str, new_id: NewId) -> Cause:
    command_id = new_id()
    return Cause(actor=actor, correlation=command_id, causation=command_id, trace=current_traceparent())
