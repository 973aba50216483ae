"""`--no-skips` lets nothing pass that did not run."""

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import pytest

@pytest.mark.skip(reason="not here")
def test_marked(): ...

def test_calls_skip():
    pytest.skip("not now")

@pytest.mark.xfail(strict=False)
def test_fails_as_expected():
    assert False

@pytest.mark.xfail(strict=False)
def test_passes_unexpectedly(): ...

def test_runs(): ...
"""


@pytest.fixture(autouse=True)
def project(pytester: pytest.Pytester) -> None:
    """A project with every way not to run a test."""
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(test_reasons=TESTS, test_module='import pytest\npytest.importorskip("nowhere")')


def test_without_the_option_skips_are_skips(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("-p", "tests.support.no_skips")

    result.assert_outcomes(passed=1, skipped=3, xfailed=1, xpassed=1)


def test_with_the_option_every_test_that_did_not_run_fails(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(
        "-p", "tests.support.no_skips", "--no-skips", "--continue-on-collection-errors"
    )

    result.assert_outcomes(passed=1, failed=3, errors=2)
    result.stdout.fnmatch_lines(["*skipped or expected to fail, and --no-skips is given: Skipped: not now"])
