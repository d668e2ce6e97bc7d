"""Settings: what is accepted, what is refused in one line, what is shown."""

import base64
from pathlib import Path

import pytest

import settings

SECRET = "whsec_" + "c2VjcmV0IGZvciB0ZXN0cw=="
NAMES = [row.name for row in settings.describe(settings.Settings(_env_file=None))]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def load() -> settings.Settings:
    return settings.load(env_file=None)


def test_nothing_is_required() -> None:
    loaded = load()

    assert loaded.database_url is None
    assert loaded.stripe_webhook_secrets == ()
    assert loaded.data_dir == Path.cwd() / ".tenure"
    assert (loaded.livemode, loaded.log_level, loaded.log_format) == (False, "INFO", "console")


def test_comma_list_keeps_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRETS", " whsec_new , whsec_old,")

    secrets = load().stripe_webhook_secrets

    assert [secret.get_secret_value() for secret in secrets] == ["whsec_new", "whsec_old"]


def test_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")

    assert load().database_url is None


def test_env_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text('LOG_LEVEL=debug\nLOG_FORMAT="json"\nOTHER=ignored\n')
    monkeypatch.setenv("LOG_FORMAT", "console")

    loaded = settings.load(env_file)

    assert (loaded.log_level, loaded.log_format) == ("DEBUG", "console")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DATABASE_URL", "mysql://root:hunter2@db/x", "starts with postgresql://"),
        ("DATABASE_URL", "postgresql://[hunter2", "starts with postgresql://"),
        ("STRIPE_WEBHOOK_SECRETS", "whsec_ok,sk_live_hunter2", "secret 2 of 2 must start with whsec_"),
        ("STRIPE_WEBHOOK_SECRETS", "whsec_", "secret 1 of 1 must start with whsec_"),
        ("CLERK_WEBHOOK_SECRETS", "whsec_hunter2!", "secret 1 of 1 must be base64"),
        ("TENURE_SECRET_KEY", "hunter2", "at least 32 characters"),
        ("TENURE_SIGNING_KEY", "hunter2hunter2==", "32 bytes in base64"),
        ("LOG_LEVEL", "hunter2", "'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("TENURE_LIVEMODE", "hunter2", "TENURE_LIVEMODE: must be true or false"),
        ("STRIPE_API_BASE", "hunter2", "starts with https:// or http://"),
        ("SMTP_URL", "hunter2", "starts with smtp:// or smtps://"),
    ],
)
def test_wrong_value_is_named_in_one_line_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(settings.SettingsError) as refused:
        load()

    message = str(refused.value)
    assert message.startswith(f"{name}: ")
    assert expected in message
    assert "\n" not in message
    assert "hunter2" not in message


def test_every_wrong_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")
    monkeypatch.setenv("SMTP_URL", "mail.example")

    with pytest.raises(settings.SettingsError, match=r"SMTP_URL: .*; LOG_LEVEL: "):
        load()


def test_wrong_value_in_a_file_is_named_with_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("LOG_LEVEL=loud\nLOG_FORMAT=wide\n")
    monkeypatch.setenv("LOG_FORMAT", "wider")

    with pytest.raises(settings.SettingsError) as refused:
        settings.load(env_file)

    places = [part.split(": ")[0] for part in str(refused.value).split("; ")]
    assert places == [str(env_file), "LOG_FORMAT"]


def test_describe_covers_every_setting() -> None:
    assert len(NAMES) == len(settings.Settings.model_fields)


def test_describe_hides_secrets_and_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:hunter@2@db:5432/x?sslpassword=hunter2")
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRETS", f"{SECRET},whsec_short")

    rows = {row.name: row for row in settings.describe(load())}

    assert rows["DATABASE_URL"].value == "postgresql://app@db:5432/x?…"
    assert rows["STRIPE_WEBHOOK_SECRETS"].value == "whsec_…cw==, whsec_…"
    assert rows["STRIPE_WEBHOOK_SECRETS"].missing is None
    assert rows["CLERK_WEBHOOK_SECRETS"].missing == "POST /webhooks/clerk answers 503"
    assert not rows["CLERK_WEBHOOK_SECRETS"].is_set


def test_settings_never_print_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLERK_WEBHOOK_SECRETS", SECRET)
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:hunter2@db/x")

    shown = repr(load())

    assert SECRET not in shown
    assert "hunter2" not in shown


def test_misspelt_name_is_pointed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("TENURE_NONSENSE", "1")

    unread = settings.unread_names(env_file=None)

    assert unread["STRIPE_WEBHOOK_SECRET"] == "STRIPE_WEBHOOK_SECRETS"
    assert unread["TENURE_NONSENSE"] == ""


@pytest.mark.parametrize(
    ("name", "meant"),
    [("DATABASE_ULR", "DATABASE_URL"), ("LOG_LEVL", "LOG_LEVEL"), ("SMTP_URLS", "SMTP_URL")],
)
def test_misspelt_name_without_our_prefix_is_pointed_out(tmp_path: Path, name: str, meant: str) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text(f"{name}=x\nDATABASE_URL_OF_TESTS=x\n")

    unread = settings.unread_names(env_file)

    assert unread[name] == meant
    assert "DATABASE_URL_OF_TESTS" not in unread


def test_line_of_the_env_file_that_sets_nothing_is_refused_unshown(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("# a comment\nLOG_LEVEL=debug\n\nCLERK SECRET hunter2\n")

    with pytest.raises(settings.SettingsError, match="line 4 is not NAME=value") as refused:
        settings.load(env_file)

    assert str(env_file) in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_signing_key_takes_several_for_a_rotation(monkeypatch: pytest.MonkeyPatch) -> None:
    seed = base64.b64encode(bytes(32)).decode()
    monkeypatch.setenv("TENURE_SIGNING_KEY", f"{seed}, {seed}")
    assert load().signing_key is not None

    monkeypatch.setenv("TENURE_SIGNING_KEY", f"{seed},hunter2")
    with pytest.raises(settings.SettingsError, match="32 bytes in base64"):
        load()
