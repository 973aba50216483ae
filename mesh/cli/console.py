"""How the command talks: results on standard output, everything else on standard error."""

from rich.console import Console
from rich.text import Text

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def show_problem(message: str, remedy: str = "") -> None:
    """Print what is wrong and what to do about it; neither is taken for markup."""
    err.print(Text("✗ ", style="bold red"), Text(message), sep="")
    if remedy:
        err.print(Text(remedy, style="cyan"))


def note(message: str) -> None:
    """Say something that is no result."""
    err.print(Text(message, style="dim"))
