"""What the launcher refuses or cannot do."""


class LaunchError(Exception):
    """Something that the person at the keyboard can act on.

    Args:
        message: What is wrong, with the actual value.
        remedy: What to do about it.
        usage: Whether the command was wrong (exit code 2) rather than the machine (1).
    """

    def __init__(self, message: str, remedy: str = "", *, usage: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.usage = usage
