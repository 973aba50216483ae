"""How h2load is called and what it reports."""

from pathlib import Path

import pytest

from bench.h2load import read_report, write_grpc_body

_REPORT = """
finished in 2.50s, 40.00 req/s, 3.12KB/s
requests: 108 total, 108 started, 100 done, 100 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 108 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 7.81KB (8000) total, 1.95KB (2000) headers (space savings 90.00%), 5.86KB ({data}) data
"""


def test_calls_are_those_that_were_answered_with_a_body_of_the_right_length() -> None:
    load = read_report(_REPORT.format(data=6000), answer_bytes=60)

    assert (load.calls, load.errors, load.seconds, load.calls_per_second) == (100, 0, 2.5, 40.0)


def test_an_answer_without_a_body_is_an_error_though_its_http_status_is_200() -> None:
    load = read_report(_REPORT.format(data=5400), answer_bytes=60)

    assert (load.calls, load.errors) == (90, 10)


def test_what_is_no_report_is_told() -> None:
    with pytest.raises(ValueError, match="could not connect"):
        read_report("could not connect to the host", answer_bytes=60)


def test_a_grpc_body_is_framed(tmp_path: Path) -> None:
    write_grpc_body(tmp_path / "body", b"abc")

    assert (tmp_path / "body").read_bytes() == b"\0\0\0\0\x03abc"
