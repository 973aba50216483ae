"""Mailed links that make a device known: the way in for owners who are throttled with strangers."""

from services.kernel.clock import Clock
from services.user.application.devices import Devices
from services.user.application.links import OneTimeLinks
from services.user.application.mails import Mails
from services.user.application.pace import even_pace
from services.user.application.ports import MailAddresses, UnitOfWork
from services.user.domain.events import MailPurpose
from services.user.domain.security_event import Origin, SecurityEvent, SecurityEventKind


class DeviceLinks:
    """The use cases of those links. Who uses one still has to know the password."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        addresses: MailAddresses,
        links: OneTimeLinks,
        devices: Devices,
        mails: Mails,
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._addresses = addresses
        self._links = links
        self._devices = devices
        self._mails = mails
        self._clock = clock

    async def request(self, email: str, *, origin: Origin) -> None:
        """Ask for a link; unknown addresses take as long and get nothing.

        Raises:
            InvalidEmail: It can never get a mail.
        """
        address = self._addresses.normal(email)
        async with even_pace(), self._unit_of_work.write() as unit:
            account = await unit.accounts.find_by_email(address)
            if account is not None and account.may_log_in:
                await self._mails.send_for_stranger(unit, account, MailPurpose.CONFIRM_DEVICE, origin=origin)

    async def use(self, token: str, *, address: str, device: str) -> tuple[str, str]:
        """Use a link up; the cookie by which the device is known from now on: its name and its value.

        Args:
            token: Of the link.
            address: From where.
            device: What the browser says it is.

        Raises:
            LinkInvalid: It is unknown, used or expired, or the account has changed since.
        """
        async with self._unit_of_work.write() as unit:
            account = await self._links.use(unit, token, MailPurpose.CONFIRM_DEVICE)
            now = self._clock()
            # So that the same link never comes back.
            await unit.accounts.save(account.touched(at=now))
            origin = Origin(f"customer:{account.user_id}", address, device)
            event = SecurityEvent(SecurityEventKind.DEVICE_CONFIRMED, now, origin)
            await unit.security_log.add(account.user_id, event)
            return self._devices.cookie(account, "")
