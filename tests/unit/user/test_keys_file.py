"""Keys and secrets: made once, rotated whole."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from mesh.settings import MeshSettings
from services.kernel.clock import system_clock
from services.user.adapters.keys_file import KeyFiles
from services.user.adapters.tokens_joserfc import AccessToken, JwtTokens


def snapshot(home: Path) -> dict[str, bytes]:
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def token(files: KeyFiles) -> str:
    tokens = JwtTokens(keyring=files.read(), issuer="http://localhost:8080", clock=system_clock)
    never = datetime(2100, 1, 1, tzinfo=UTC)
    return tokens.access_token(AccessToken("jti", "alice", "cli", "shopmesh-api", frozenset(), never, never))


def test_making_them_again_changes_nothing(tmp_path: Path) -> None:
    files = KeyFiles.of(MeshSettings(home=tmp_path))
    files.ensure()
    made = snapshot(tmp_path)

    files.ensure()

    assert snapshot(tmp_path) == made


def test_several_who_make_them_at_once_agree(tmp_path: Path) -> None:
    files = KeyFiles.of(MeshSettings(home=tmp_path))

    with ThreadPoolExecutor(8) as pool:
        for made in [pool.submit(files.ensure) for _ in range(16)]:
            made.result()

    published = json.loads(files.public.read_text())
    assert published == files.read().public
    assert [path.name for path in files.signing.parent.glob(".*")] == []


def test_tokens_of_the_old_key_stay_valid_after_a_rotation(tmp_path: Path) -> None:
    files = KeyFiles.of(MeshSettings(home=tmp_path))
    files.ensure()
    old = token(files)

    files.rotate()
    new = token(files)

    reader = JwtTokens(keyring=files.read(), issuer="http://localhost:8080", clock=system_clock)
    assert reader.read(old) is not None
    assert reader.read(new) is not None
    assert old.split(".")[0] != new.split(".")[0]
    assert len(json.loads(files.public.read_text())["keys"]) == 2
    assert "d" not in json.loads(files.public.read_text())["keys"][0]


def test_at_most_three_keys_are_kept(tmp_path: Path) -> None:
    files = KeyFiles.of(MeshSettings(home=tmp_path))
    files.ensure()
    old = token(files)

    for _ in range(3):
        files.rotate()

    reader = JwtTokens(keyring=files.read(), issuer="http://localhost:8080", clock=system_clock)
    assert len(files.read().keys) == 3
    assert reader.read(old) is None
