"""Devices that have logged in before: the browser keeps the proof, the service keeps nothing."""

from collections.abc import Mapping

from services.kernel.ids import NewId
from services.user.domain.account import Account
from services.user.domain.device import cookie_name, device_proof, proved_device


class Devices:
    """Makes and reads the cookies of devices, one for each account that has logged in there."""

    def __init__(self, *, server_key: bytes, new_id: NewId) -> None:
        self._server_key = server_key
        self._new_id = new_id

    def known(self, account: Account | None, cookies: Mapping[str, str]) -> str:
        """The id of a device that has logged in to the account before; empty: it has not."""
        if account is None:
            return ""
        proof = cookies.get(cookie_name(account.user_id, server_key=self._server_key), "")
        return proved_device(proof, account.user_id, server_key=self._server_key)

    def cookie(self, account: Account, device_id: str) -> tuple[str, str]:
        """The name and the value by which a device, or a new one, is known to an account from now on."""
        proof = device_proof(device_id or self._new_id(), account.user_id, server_key=self._server_key)
        return cookie_name(account.user_id, server_key=self._server_key), proof
