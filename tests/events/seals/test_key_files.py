"""The signing key's file: private from its first byte, whole, and never replaced."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from events.seals.errors import KeyAlreadyExists, UnusableKey
from events.seals.key_files import (
    create_signing_key,
    load_or_create_signing_keys,
    load_signing_keys,
)
from events.seals.keys import generate_signing_key

NAME = "log.example"


def test_a_new_key_is_private_and_loads_again(tmp_path: Path) -> None:
    path = tmp_path / "signing-key.pem"
    key = create_signing_key(path, name=NAME)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [loaded.verifier for loaded in load_signing_keys(path, name=NAME)] == [key.verifier]
    assert list(tmp_path.iterdir()) == [path]


def test_a_lax_umask_does_not_open_the_file(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        create_signing_key(tmp_path / "key", name=NAME)
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_an_existing_file_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"precious")

    with pytest.raises(KeyAlreadyExists):
        create_signing_key(path, name=NAME)

    assert path.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [path]


def test_many_starting_at_once_share_one_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    with ThreadPoolExecutor(8) as pool:
        loaded = pool.map(lambda _: load_or_create_signing_keys(path, name=NAME), range(16))

    assert len({str(keys[0].verifier) for keys in loaded}) == 1
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602, 0o644, 0o777])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    create_signing_key(path, name=NAME)
    path.chmod(mode)

    with pytest.raises(UnusableKey, match="chmod 600"):
        load_signing_keys(path, name=NAME)


def test_a_file_reached_by_a_link_is_judged_itself(tmp_path: Path) -> None:
    create_signing_key(tmp_path / "key", name=NAME)
    (tmp_path / "link").symlink_to(tmp_path / "key")

    assert len(load_signing_keys(tmp_path / "link", name=NAME)) == 1
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(UnusableKey):
        load_signing_keys(tmp_path / "link", name=NAME)


def test_a_pipe_is_refused_and_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key", 0o600)

    with pytest.raises(UnusableKey, match="regular"):
        load_signing_keys(tmp_path / "key", name=NAME)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"x" * 100_000])
def test_a_file_without_a_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_bytes(content)

    with pytest.raises(UnusableKey):
        load_signing_keys(path, name=NAME)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_signing_keys(tmp_path / "key", name=NAME)


def test_both_keys_of_a_rotation_load_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "key"
    old = create_signing_key(path, name=NAME)
    new = generate_signing_key(NAME)
    path.write_bytes(new.pem() + path.read_bytes())

    assert [key.verifier for key in load_signing_keys(path, name=NAME)] == [
        new.verifier,
        old.verifier,
    ]
