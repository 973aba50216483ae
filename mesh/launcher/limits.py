"""The rate limits of a mesh."""

from collections.abc import Mapping

from interceptors.rate_limit.limits import LimitsFileError, load_limits
from mesh.contract import Contract, LimitClass
from mesh.launcher.errors import LaunchError
from mesh.settings import MeshSettings


def limits_of(settings: MeshSettings, contract: Contract) -> Mapping[str, LimitClass]:
    """The contract's limits with those of the limits file.

    Raises:
        LaunchError: The file cannot be used.
    """
    try:
        return load_limits(contract, settings.limits_file)
    except LimitsFileError as error:
        raise LaunchError(str(error), "Correct or unset the variable and try again.", usage=True) from error
