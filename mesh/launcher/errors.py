"""What the launcher refuses or cannot do."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LaunchError(Exception):
    """Something that the person at the keyboard can act on.

    Attributes:
        message: What is wrong, with the actual value.
        remedy: What to do about it.
        usage: Whether the command was wrong (exit code 2) rather than the machine (1).
    """

    message: str
    remedy: str = ""
    usage: bool = False

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}".rstrip()
