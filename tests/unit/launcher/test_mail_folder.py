"""Mails in the folder, as the command line shows them without a mesh."""

import json
from pathlib import Path

import pytest

from tests.unit.launcher.conftest import Shopmesh


def write_mail(home: Path, name: str, *, subject: str, date: str) -> None:
    (home / "mail").mkdir(parents=True, exist_ok=True)
    headers = f"From: shop@example.com\nTo: alice@example.com\nSubject: {subject}\nDate: {date}"
    text = f"{headers}\n\nHello from {name}.\n"
    (home / "mail" / f"{name}.eml").write_text(text)


def test_mails_are_listed_newest_first(
    shopmesh: Shopmesh, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_mail(home, "first", subject="Old news", date="Mon, 23 Nov 2026 10:00:00 +0000")
    write_mail(home, "second", subject="Fresh news", date="Mon, 23 Nov 2026 11:00:00 +0000")

    assert shopmesh("mail", "list") == 0

    listed = capsys.readouterr().out
    assert listed.index("Fresh news") < listed.index("Old news")


def test_mails_are_listed_for_programs_without_a_mesh(
    shopmesh: Shopmesh, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_mail(home, "first", subject="Old news", date="Mon, 23 Nov 2026 10:00:00 +0000")

    assert shopmesh("mail", "list", "--json") == 0

    [mail] = json.loads(capsys.readouterr().out)["mails"]
    assert (mail["notificationId"], mail["sendTime"]) == ("first", "2026-11-23T10:00:00Z")


@pytest.mark.parametrize("which", ["1", "second"])
def test_a_mail_is_shown_by_number_or_id(
    shopmesh: Shopmesh, home: Path, capsys: pytest.CaptureFixture[str], which: str
) -> None:
    write_mail(home, "first", subject="Old news", date="Mon, 23 Nov 2026 10:00:00 +0000")
    write_mail(home, "second", subject="Fresh news", date="Mon, 23 Nov 2026 11:00:00 +0000")

    assert shopmesh("mail", "preview", which) == 0
    assert "Hello from second." in capsys.readouterr().out


def test_a_mail_that_is_not_there_is_named(
    shopmesh: Shopmesh, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shopmesh("mail", "preview", "7") == 1
    assert "There is no text of the mail '7'" in capsys.readouterr().err
