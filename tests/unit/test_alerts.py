"""The alerting rules: about metrics that there are, with runbooks that there are."""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from mesh.event_log.inbox import consumer
from mesh.server import health
from services.inventory.entrypoints import feed_metrics
from services.notification.domain.delivery import DeliveryState
from services.notification.domain.feedback import FeedbackKind
from services.notification.domain.template import Template
from services.notification.entrypoints import mail_metrics
from services.order.entrypoints import order_metrics
from services.user.adapters import security_metrics_prometheus
from services.user.domain.guessing import GuessCounter

CHECKOUT = Path(__file__).parents[2]
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((CHECKOUT / "deploy" / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
EVERY_RULE = pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
SELECTOR = re.compile(r"(shopmesh_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)=~?"([^"]*)"')
VALUES = {
    "state": {each.value for each in DeliveryState},
    "kind": {each.value for each in FeedbackKind},
    "template": set(map(str, Template)),
    "suppressed": {"yes", "no"},
    "counter": {each.value for each in GuessCounter},
}


def metrics() -> Iterator[MetricWrapperBase]:
    for module in (mail_metrics, feed_metrics, order_metrics, security_metrics_prometheus, health, consumer):
        yield from (each for each in vars(module).values() if isinstance(each, MetricWrapperBase))


LABELS = {
    name: set(metric._labelnames) for metric in metrics() for name in (metric._name, f"{metric._name}_total")
}


@EVERY_RULE
def test_a_rule_asks_for_labels_and_values_that_its_metrics_have(rule: dict[str, Any]) -> None:
    selectors = SELECTOR.findall(rule["expr"])
    assert selectors
    for metric, matchers in selectors:
        assert metric in LABELS
        for label, values in MATCHER.findall(matchers):
            assert label in LABELS[metric]
            assert set(values.split("|")) <= VALUES[label]


@EVERY_RULE
def test_a_rule_names_a_runbook(rule: dict[str, Any]) -> None:
    assert (CHECKOUT / rule["annotations"]["runbook"]).is_file()


def test_the_first_mail_that_fails_is_seen() -> None:
    provider = "smtp:first.example"

    mail_metrics.count_from_zero([provider])

    zeros = {
        (s.name, *s.labels.values()) for each in REGISTRY.collect() for s in each.samples if s.value == 0
    }
    for template, state in product(Template, ("FAILED", "AMBIGUOUS")):
        assert ("shopmesh_mails_total", str(template), provider, state) in zeros
    assert ("shopmesh_mail_answers_lost_total", provider) in zeros
    assert ("shopmesh_mail_feedback_total", provider, "BOUNCED", "yes") in zeros
