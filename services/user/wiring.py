"""The use cases of the user service, on top of its ports."""

from dataclasses import dataclass

from mesh.places import address_problems
from mesh.sql.changes import Waited
from services.kernel.clock import Clock
from services.kernel.ids import uuid7
from services.user.adapters.common_passwords_zxcvbn import common_passwords
from services.user.adapters.keys_file import Keyring
from services.user.application.accounts import Accounts
from services.user.application.addresses import Addresses
from services.user.application.administration import Administration
from services.user.application.client_failures import ClientFailures
from services.user.application.contacts import Contacts
from services.user.application.device_links import DeviceLinks
from services.user.application.devices import Devices
from services.user.application.email_changes import EmailChanges
from services.user.application.guesses import Guesses
from services.user.application.housekeeping import Housekeeping
from services.user.application.links import OneTimeLinks
from services.user.application.logins import Logins
from services.user.application.mail_limits import MailLimits
from services.user.application.mails import Mails
from services.user.application.matching import PasswordChecks
from services.user.application.new_passwords import NewPasswords
from services.user.application.passwords import Passwords
from services.user.application.ports import (
    AuthorizationServer,
    CustomerOrders,
    MailAddresses,
    PasswordHasher,
    SecurityMetrics,
    UnitOfWork,
)
from services.user.application.registrations import Registrations
from services.user.application.revocations import Revocations
from services.user.application.sessions import Sessions
from services.user.domain.guessing import GuessingRules
from services.user.domain.password import PasswordRule
from services.user.domain.scopes import CLIENT_SCOPES


@dataclass(frozen=True, slots=True)
class Adapters:
    """The user service's ports, each with the adapter that was chosen."""

    unit_of_work: UnitOfWork
    revoked: Waited
    hasher: PasswordHasher
    addresses: MailAddresses
    metrics: SecurityMetrics
    keyring: Keyring
    authorization_server: AuthorizationServer
    orders: CustomerOrders


@dataclass(frozen=True, slots=True)
class UseCases:
    """The use cases, wired."""

    accounts: Accounts
    addresses: Addresses
    passwords: Passwords
    registrations: Registrations
    contacts: Contacts
    revocations: Revocations
    logins: Logins
    client_failures: ClientFailures
    device_links: DeviceLinks
    email_changes: EmailChanges
    sessions: Sessions
    administration: Administration
    housekeeping: Housekeeping


def wire(
    adapters: Adapters, *, site: str, scopes: frozenset[str], guessing: GuessingRules, clock: Clock
) -> UseCases:
    """Put the use cases on top of the ports.

    Args:
        adapters: What was chosen.
        site: Where links in mails lead to.
        scopes: Every scope that a method of the contract asks for.
        guessing: How many wrong passwords are taken.
        clock: The time now.
    """
    unit_of_work, hasher, server_key = adapters.unit_of_work, adapters.hasher, adapters.keyring.server_key
    passwords = NewPasswords(hasher=hasher, rule=PasswordRule(common_passwords()))
    links = OneTimeLinks(server_key=server_key, clock=clock)
    limits = MailLimits(server_key=server_key, clock=clock)
    devices = Devices(server_key=server_key, new_id=uuid7)
    mails = Mails(links=links, devices=devices, limits=limits, clock=clock, new_id=uuid7)
    guesses = Guesses(rules=guessing, server_key=server_key, metrics=adapters.metrics, clock=clock)
    checks = PasswordChecks(unit_of_work=unit_of_work, hasher=hasher, guesses=guesses)
    registrations = Registrations(
        unit_of_work=unit_of_work,
        addresses=adapters.addresses,
        passwords=passwords,
        links=links,
        mails=mails,
        clock=clock,
        new_id=uuid7,
    )
    return UseCases(
        accounts=Accounts(
            unit_of_work=unit_of_work,
            orders=adapters.orders,
            addresses=adapters.addresses,
            mails=mails,
            clock=clock,
        ),
        addresses=Addresses(
            unit_of_work=unit_of_work, address_problems=address_problems, clock=clock, new_id=uuid7
        ),
        passwords=Passwords(
            unit_of_work=unit_of_work,
            guesses=guesses,
            checks=checks,
            addresses=adapters.addresses,
            passwords=passwords,
            registrations=registrations,
            links=links,
            mails=mails,
            clock=clock,
        ),
        registrations=registrations,
        contacts=Contacts(unit_of_work=unit_of_work, links=links, site=site, clock=clock),
        revocations=Revocations(unit_of_work=unit_of_work, revoked=adapters.revoked, clock=clock),
        logins=Logins(
            unit_of_work=unit_of_work,
            addresses=adapters.addresses,
            hasher=hasher,
            guesses=guesses,
            checks=checks,
            devices=devices,
            mails=mails,
            clock=clock,
            new_id=uuid7,
        ),
        client_failures=ClientFailures(unit_of_work=unit_of_work, guesses=guesses),
        device_links=DeviceLinks(
            unit_of_work=unit_of_work,
            addresses=adapters.addresses,
            links=links,
            devices=devices,
            mails=mails,
            clock=clock,
        ),
        email_changes=EmailChanges(
            unit_of_work=unit_of_work, addresses=adapters.addresses, links=links, mails=mails, clock=clock
        ),
        administration=Administration(
            unit_of_work=unit_of_work,
            guesses=guesses,
            mails=mails,
            grantable_scopes=scopes - CLIENT_SCOPES,
            clock=clock,
        ),
        sessions=Sessions(unit_of_work=unit_of_work, clock=clock),
        housekeeping=Housekeeping(unit_of_work=unit_of_work, registrations=registrations, clock=clock),
    )
