"""Logs stay bounded, and their writers go on undisturbed."""

from pathlib import Path

from mesh.launcher.host.logfiles import bound, last_lines, open_log


def test_a_long_log_moves_aside_and_its_writer_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "order.log"
    with open_log(path) as log:
        log.write(b"old\n" * 10)

        bound(path, max_bytes=20)
        log.write(b"new\n")

    assert path.read_text() == "new\n"
    assert (tmp_path / "order.log.1").read_text() == "old\n" * 10


def test_a_short_log_stays(tmp_path: Path) -> None:
    path = tmp_path / "order.log"
    path.write_text("short\n")

    bound(path, max_bytes=20)

    assert path.read_text() == "short\n"


def test_a_log_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "order.log", 3) == ()


def test_the_last_lines_are_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "order.log"
    path.write_text("one\ntwo\nthree\n")

    assert last_lines(path, 2) == ("two", "three")


def test_what_was_logged_before_a_start_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "order.log"
    path.write_text("one\ntwo\nthree\n")

    assert last_lines(path, 3, start=len("one\ntwo\n")) == ("three",)
    assert last_lines(path, 3, start=1_000_000) == ("one", "two", "three")
