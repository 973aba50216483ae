"""How a part is doing."""

from mesh.launcher.readiness import Report
from mesh.launcher.state import PartState
from mesh.launcher.status import Condition, PartCondition


def test_a_dependency_that_does_not_work_is_named() -> None:
    part = PartState("order", (50052,), "grpc://127.0.0.1:50052")

    seen = PartCondition(part, Condition.READY, Report({"order.events": True, "order.event_log": False}))

    assert seen.broken == ("order.event_log",)


def test_a_part_without_a_process_has_no_number() -> None:
    assert PartCondition(PartState("order", (1,), ""), Condition.RESTARTING).pid is None
