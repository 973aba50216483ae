"""How many files and connections a process may have open, and what the front proxy makes of it."""

import resource

from mesh.launcher.errors import LaunchError
from mesh.render.envoy.front_door import MOST_CONNECTIONS

LEAST_FILES = 200
"""With fewer a service cannot open its databases, its listeners and its connections to the others."""
_OWN_FILES = 100
"""Listeners, logs and connections to the services that Envoy has before anybody calls."""
_MANY = 2**20
REMEDY = "Raise the limit for this shell: ulimit -Hn 4096 (as root), or in /etc/security/limits.conf"


def allow_many_files() -> int:
    """Raise this process's soft limit to the hard one; every part inherits it.

    Returns:
        The limit.

    Raises:
        LaunchError: It is less than the mesh needs.
    """
    files = most_files()
    if files < LEAST_FILES:
        raise LaunchError(f"A process may open {files} files here; the mesh needs {LEAST_FILES}.", REMEDY)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    return files


def most_files() -> int:
    """How many files a process may open at most."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return _MANY if hard == resource.RLIM_INFINITY else min(hard, _MANY)


def connections_for(files: int) -> int:
    """How many callers an Envoy with so many files admits: each may need a connection to a service as well.

    Without files left Envoy does not refuse a connection, it crashes.
    """
    return min(MOST_CONNECTIONS, (files - _OWN_FILES) // 2)
