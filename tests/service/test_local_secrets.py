"""Secrets made here are made once and are nobody else's to read."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from service.local_secrets import DEV_FILE, SESSION_FILE, dev_secrets, session_key
from settings import Settings


def _settings(data_dir: Path, **values: str) -> Settings:
    return Settings(_env_file=None, TENURE_DATA_DIR=data_dir, **values)  # type: ignore[arg-type]


def test_all_processes_get_the_same_secrets(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as threads:
        secrets = set(threads.map(lambda _: dev_secrets(tmp_path / "new"), range(64)))

    assert len(secrets) == 1
    assert [path.name for path in (tmp_path / "new").iterdir()] == [DEV_FILE]


def test_secrets_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    dev_secrets(tmp_path)
    session_key(_settings(tmp_path))

    for name in (DEV_FILE, SESSION_FILE):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_made_secrets_pass_the_settings_own_checks(tmp_path: Path) -> None:
    generated = dev_secrets(tmp_path)

    loaded = _settings(
        tmp_path, stripe_webhook_secrets=generated.stripe, clerk_webhook_secrets=generated.clerk
    )
    assert loaded.clerk_webhook_secrets[0].get_secret_value() == generated.clerk


def test_session_key_that_is_set_is_the_one_used(tmp_path: Path) -> None:
    assert session_key(_settings(tmp_path, TENURE_SECRET_KEY="k" * 40)) == "k" * 40
    assert not (tmp_path / SESSION_FILE).exists()
