"""The topics: made where they are absent, and checked, since wrong settings lose events silently."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import TopicAlreadyExistsError

from mesh.event_log.kafka.client import admin

PARTITIONS = 6
"""Fixed for ever: keys are spread by it, and a key that moves is out of order."""

# Events are kept for ever, all of them.
_SETTINGS: Mapping[str, str] = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}
_TIMEOUT_MS = 3000


class TopicMismatch(Exception):
    """A topic has other settings than the events need; says which."""


class KafkaTopics:
    """The topics of a log. `ensure` may be called from any thread.

    Attributes:
        partitions: How many each topic has.
    """

    def __init__(self, url: str, names: Sequence[str], *, partitions: int) -> None:
        self._url = url
        self._names = tuple(names)
        self.partitions = partitions
        self._ensuring = threading.Lock()
        self._are_right = False

    def ensure(self) -> None:
        """Make and check the topics, once; blocks for a few seconds when no broker answers.

        Raises:
            KafkaError: No broker answers.
            TopicMismatch: A topic exists already and is not as it has to be.
        """
        with self._ensuring:
            if self._are_right:
                return
            with admin(self._url, timeout_ms=_TIMEOUT_MS) as client:
                self._create(client)
                self._check(client)
            self._are_right = True

    def _create(self, client: Any) -> None:
        absent = set(self._names) - set(client.list_topics())
        topic = {"num_partitions": self.partitions, "configs": dict(_SETTINGS)}
        for name in sorted(absent):
            try:
                client.create_topics({name: topic})
            except TopicAlreadyExistsError:
                # Another process was quicker.
                continue
        client.wait_for_topics(self._names)

    def _check(self, client: Any) -> None:
        for topic in client.describe_topics(list(self._names)):
            _compare(topic["name"], "partitions", str(len(topic["partitions"])), str(self.partitions))
        resources = [ConfigResource(ConfigResourceType.TOPIC, name, list(_SETTINGS)) for name in self._names]
        described = client.describe_configs(resources, config_filter="all")["topic"]
        for name, settings in described.items():
            for setting, needed in _SETTINGS.items():
                _compare(name, setting, settings[setting]["value"], needed)


def _compare(topic: str, setting: str, actual: str, needed: str) -> None:
    if actual != needed:
        raise TopicMismatch(f"topic {topic}: {setting} is {actual} and has to be {needed}")
