"""Who acts, as it is recorded."""

from interceptors.auth.caller import CallerKind, caller


def current_actor() -> str:
    """The caller of the call being answered: `staff:<id>` for a person, `client:<id>` for a program.

    Customers have no write method here, so a person who gets this far is staff.
    """
    now = caller()
    return f"staff:{now.subject}" if now.kind is CallerKind.USER else f"client:{now.client_id}"
