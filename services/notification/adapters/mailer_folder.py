"""Mails as files: what is sent can be opened, and nothing leaves the machine."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from services.notification.adapters.mail_urls import FOLDER_SENDER
from services.notification.adapters.mime import UnusableAddress, compose
from services.notification.application.ports import Permission, Standing
from services.notification.domain.answer import Accepted, Answer, Refused, Unavailable
from services.notification.domain.finding import CheckState, Finding
from services.notification.domain.message import Message

FOLDER = "folder"
"""The name of this provider."""


class FolderMailer:
    """One `.eml` file per mail, named by its id: sending it again writes the same file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def name(self) -> str:
        return FOLDER

    async def send(self, message: Message) -> Answer:
        try:
            content = compose(message, sender=FOLDER_SENDER)
        except UnusableAddress as error:
            return Refused(str(error))
        try:
            await asyncio.to_thread(self._write, message.message_id, content)
        except OSError as error:
            return Unavailable(f"the mail folder cannot be written: {error.strerror}")
        return Accepted()

    @property
    def is_metered(self) -> bool:
        return False

    @property
    def is_repeatable(self) -> bool:
        return True

    async def standing(self) -> Standing:
        return Standing(Permission.GRANTED)

    async def check(self) -> Sequence[Finding]:
        found = f"mails are files in {self._folder} and reach nobody"
        remedy = "set SHOPMESH_MAIL_URL (docs/mail.md)"
        return (Finding(FOLDER, "provider", CheckState.MISSING, found, remedy, "who runs the mesh"),)

    async def lift(self, address: str) -> bool:
        """There is no list of addresses here."""
        return False

    async def forget(self, message_id: str) -> None:
        await asyncio.to_thread(self._path(message_id).unlink, missing_ok=True)

    async def is_reachable(self) -> bool:
        return await asyncio.to_thread(self._is_writable)

    def _write(self, message_id: str, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Hidden and not .eml until it is whole; two that write it at once do not meet.
        unfinished = self._folder / f".{message_id}.{os.getpid()}.{id(content)}"
        try:
            with open(unfinished, "xb", opener=_owner_only) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self._path(message_id))
        finally:
            unfinished.unlink(missing_ok=True)

    def _is_writable(self) -> bool:
        nearest = next(path for path in (self._folder, *self._folder.parents) if path.exists())
        return nearest.is_dir() and os.access(nearest, os.W_OK)

    def _path(self, message_id: str) -> Path:
        return self._folder / f"{message_id}.eml"


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
