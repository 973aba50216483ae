"""A Kafka broker of our own: the same one after a move, and only from the jars that are known."""

from pathlib import Path

import pytest

from mesh.backends.backend import BackendError
from mesh.backends.kafka import KafkaBackend
from mesh.backends.kafka_files import are_complete
from mesh.backends.running import serving
from mesh.event_log.kafka.client import admin
from tests.support.real_servers import OwnPlace


@pytest.mark.long
async def test_a_broker_that_moves_to_another_port_keeps_its_topics(own_place: OwnPlace) -> None:
    async with serving(KafkaBackend(), own_place(KafkaBackend())) as server:
        with admin(server.url, timeout_ms=5000) as client:
            client.create_topics({"mugs": {}})

    async with serving(KafkaBackend(), own_place(KafkaBackend())) as moved:
        assert moved.url != server.url
        with admin(moved.url, timeout_ms=5000) as client:
            assert client.list_topics() == ["mugs"]


async def test_jars_other_than_the_known_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maven = tmp_path / "mvn"
    maven.write_text('#!/bin/sh\nfor to; do :; done\nmkdir "${to#*=}" && echo other > "${to#*=}/kafka.jar"\n')
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    jars = tmp_path / "cache" / "jars"

    with pytest.raises(BackendError, match="not those of"):
        await KafkaBackend(jars).install(print)

    assert not are_complete(jars)
    assert not jars.exists()


async def test_a_cache_that_cannot_be_written_is_named_with_the_way_out() -> None:
    with pytest.raises(BackendError, match="/proc/cache cannot be written") as refused:
        await KafkaBackend(Path("/proc/cache/jars")).install(print)

    assert "XDG_CACHE_HOME" in refused.value.remedy
