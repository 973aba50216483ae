"""`--no-skips` fails every test that is skipped or expected to fail: what did not run proves nothing."""

from collections.abc import Generator

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="fail every skipped or xfailed test")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--no-skips"):
        config.pluginmanager.register(NoSkips())


class NoSkips:
    """Turns the reports of skipped, xfailed and unexpectedly passed tests into failures."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.skipped or hasattr(report, "wasxfail"):
            _fail(report)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if report.skipped:
            _fail(report)
        return report


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = report.__dict__.pop("wasxfail", None)
    if reason is None and isinstance(report.longrepr, tuple):
        reason = report.longrepr[-1]
    report.outcome = "failed"
    report.longrepr = f"skipped or expected to fail, and --no-skips is given: {reason or 'no reason'}"
