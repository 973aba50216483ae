"""The front proxy admits fewer callers than it has files for."""

import resource

import pytest

from mesh.launcher.errors import LaunchError
from mesh.launcher.host.open_files import allow_many_files, connections_for, most_files
from mesh.render.envoy.front_door import MOST_CONNECTIONS

UNLIMITED = resource.RLIM_INFINITY


def limit(monkeypatch: pytest.MonkeyPatch, soft: int, hard: int) -> list[tuple[int, int]]:
    """Let the system have these limits; returns those that are set."""
    chosen: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _which, limits: chosen.append(limits))
    return chosen


def test_the_limit_is_raised_as_far_as_the_system_lets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = limit(monkeypatch, 1024, 4096)

    assert allow_many_files() == 4096
    assert chosen == [(4096, 4096)]


def test_too_low_a_limit_is_refused_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = limit(monkeypatch, 64, 100)

    with pytest.raises(LaunchError, match="100 files here; the mesh needs 200") as refused:
        allow_many_files()

    assert "ulimit -Hn" in refused.value.remedy
    assert chosen == []


@pytest.mark.parametrize("files", [200, 256, 1024, 4096, 2**20])
def test_each_caller_leaves_a_file_for_a_connection_to_a_service(files: int) -> None:
    connections = connections_for(files)

    assert 0 < connections <= MOST_CONNECTIONS
    assert 2 * connections < files


def test_where_there_is_no_limit_the_front_proxy_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, UNLIMITED, UNLIMITED)

    assert connections_for(most_files()) == MOST_CONNECTIONS
