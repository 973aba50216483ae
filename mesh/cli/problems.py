"""What went wrong, as a message with a remedy and an exit code."""

from functools import partial

import grpc

from mesh.cli.console import show_problem
from mesh.launcher.errors import LaunchError
from mesh.settings import SettingError

FAILED, WRONG_USAGE = 1, 2
PROBLEMS = (LaunchError, SettingError, grpc.aio.AioRpcError, OSError)
"""What a command may end with."""
Problem = LaunchError | SettingError | grpc.aio.AioRpcError | OSError

_REMEDIES = {
    grpc.StatusCode.UNAVAILABLE: "Is the mesh well? shopmesh status",
    grpc.StatusCode.DEADLINE_EXCEEDED: "Is the mesh well? shopmesh status",
    grpc.StatusCode.PERMISSION_DENIED: "Ask as somebody who may: --as admin",
    grpc.StatusCode.UNIMPLEMENTED: "This comes with a later release.",
}


def report_problem(problem: Problem, *, failed: int = FAILED, is_coloured: bool | None = None) -> int:
    """Print a problem and what to do about it.

    Args:
        problem: what went wrong.
        failed: the exit code when the command was right and the machine, or a service, was not.
        is_coloured: whether to colour it; None where a terminal shows colours.

    Returns:
        The exit code: `WRONG_USAGE` or `failed`.
    """
    show = partial(show_problem, is_coloured=is_coloured)
    match problem:
        case LaunchError():
            show(problem.message, problem.remedy)
            return WRONG_USAGE if problem.usage else failed
        case SettingError():
            show(str(problem), "Correct or unset the variable and try again.")
            return WRONG_USAGE
        case grpc.aio.AioRpcError():
            show(f"{problem.code().name}: {problem.details()}", _REMEDIES.get(problem.code(), ""))
        case OSError():
            where = problem.filename or "The system"
            show(f"{where}: {problem.strerror}", "What this machine lacks: shopmesh doctor")
    return failed
