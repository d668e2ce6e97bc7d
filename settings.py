"""Every setting Tenure has; the only reader of the environment."""

import base64
import binascii
import os
import re
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ENV_FILE = Path(".env")
_FOR_TESTS = (
    "TENURE_ADVISORIES",
    "TENURE_ALL_FAULTS",
    "TENURE_CITUS_URL",
    "TENURE_CORPUS",
    "TENURE_TEST_RUN",
)


class SettingsError(Exception):
    """A setting has a value Tenure can't use. Correct it in the environment or in `.env`."""


def _comma_list(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _webhook_secrets(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for number, secret in enumerate(values, 1):
        text = secret.get_secret_value()
        if not text.startswith("whsec_") or len(text) == len("whsec_") or not text.isascii():
            raise ValueError(
                f"secret {number} of {len(values)} must start with whsec_ and not end there; "
                "copy the endpoint's signing secret, not an API key"
            )
    return values


def _base64_secrets(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for number, secret in enumerate(_webhook_secrets(values), 1):
        try:
            base64.b64decode(secret.get_secret_value().removeprefix("whsec_"), validate=True)
        except binascii.Error:
            raise ValueError(
                f"secret {number} of {len(values)} must be base64 after whsec_; "
                "copy the endpoint's signing secret again"
            ) from None
    return values


def _networks(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        try:
            ip_network(value)
        except ValueError:
            raise ValueError(
                f"expected addresses or networks such as 10.0.0.5 or 10.0.0.0/8, found {value!r}"
            ) from None
    return values


def _account_ids(values: tuple[str, ...]) -> tuple[str, ...]:
    for number, account in enumerate(values, 1):
        if not account.startswith(("acct_", "org_")) or not account.isascii() or not account.isprintable():
            raise ValueError(
                f"account {number} of {len(values)} must start with acct_; "
                "copy the connected account's id from the Stripe dashboard"
            )
    return values


def _scheme(*schemes: str) -> AfterValidator:
    def check(value: SecretStr | str) -> SecretStr | str:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        try:
            url_scheme = urlsplit(text).scheme
        except ValueError:
            url_scheme = ""
        if url_scheme not in schemes:
            expected = " or ".join(f"{scheme}://" for scheme in schemes)
            raise ValueError(f"must be a URL that starts with {expected}")
        return value

    return AfterValidator(check)


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < 32:
        raise ValueError(
            "must have at least 32 characters; "
            "create one: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    return value


def _ed25519(value: SecretStr) -> SecretStr:
    """Several keys are a rotation with overlap: PEM blocks in sequence, or base64 separated by commas."""
    text = value.get_secret_value().strip()
    if text.startswith("-----BEGIN PRIVATE KEY-----"):
        return value
    for piece in text.split(","):
        try:
            seed = base64.b64decode(piece.strip(), validate=True)
        except (binascii.Error, ValueError):
            seed = b""
        if len(seed) != 32:
            raise ValueError("must be an Ed25519 private key: 32 bytes in base64, or PKCS#8 PEM")
    return value


def _absolute(value: Path) -> Path:
    return value.expanduser().absolute()


PostgresUrl = Annotated[SecretStr, _scheme("postgresql", "postgres")]
HttpUrl = Annotated[str, _scheme("https", "http"), AfterValidator(lambda url: url.rstrip("/"))]
_upper = BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value)
_lower = BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value)


class Settings(BaseSettings):
    """Values from the environment, then from `.env`; an empty variable counts as unset."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    database_url: PostgresUrl | None = None
    database_replica_url: PostgresUrl | None = None
    data_dir: Annotated[Path, AfterValidator(_absolute)] = Field(
        Path(".tenure"), validation_alias="TENURE_DATA_DIR", validate_default=True
    )
    livemode: bool = Field(False, validation_alias="TENURE_LIVEMODE")
    secret_key: Annotated[SecretStr, AfterValidator(_long_enough)] | None = Field(
        None, validation_alias="TENURE_SECRET_KEY"
    )
    signing_key: Annotated[SecretStr, AfterValidator(_ed25519)] | None = Field(
        None, validation_alias="TENURE_SIGNING_KEY"
    )
    stripe_webhook_secrets: Annotated[
        tuple[SecretStr, ...],
        NoDecode,
        BeforeValidator(_comma_list),
        AfterValidator(_webhook_secrets),
    ] = ()
    clerk_webhook_secrets: Annotated[
        tuple[SecretStr, ...],
        NoDecode,
        BeforeValidator(_comma_list),
        AfterValidator(_base64_secrets),
    ] = ()
    trusted_proxies: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_comma_list), AfterValidator(_networks)
    ] = Field(("127.0.0.0/8", "::1"), validation_alias="TENURE_TRUSTED_PROXIES")
    stripe_trusted_accounts: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_comma_list), AfterValidator(_account_ids)
    ] = ()
    stripe_api_key: SecretStr | None = None
    stripe_api_base: HttpUrl = "https://api.stripe.com"
    clerk_secret_key: SecretStr | None = None
    clerk_api_base: HttpUrl = "https://api.clerk.com/v1"
    smtp_url: Annotated[SecretStr, _scheme("smtp", "smtps")] | None = None
    otel_exporter_otlp_endpoint: HttpUrl | None = None
    otel_exporter_otlp_traces_endpoint: HttpUrl | None = None
    otel_sdk_disabled: bool = False
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], _upper] = "INFO"
    log_format: Annotated[Literal["console", "json"], _lower] = "console"


def load(env_file: Path | None = ENV_FILE) -> Settings:
    """The settings as they are now.

    Raises: SettingsError, one line that names each wrong setting and never its value.
    """
    try:
        _refuse_unparsed_lines(env_file)
        return Settings(_env_file=env_file)
    except ValidationError as error:
        raise SettingsError(_one_line(error, env_file)) from None
    except UnicodeDecodeError:
        raise SettingsError(f"{env_file} is not UTF-8 text; save it as UTF-8") from None


def _refuse_unparsed_lines(env_file: Path | None) -> None:
    """Raises: SettingsError with the line's number; the line itself may be a secret."""
    if env_file is None or not env_file.is_file():
        return
    with env_file.open(encoding="utf-8") as lines:
        for binding in parse_stream(lines):
            if binding.error:
                text, first = binding.original.string, binding.original.line  # includes blank lines before it
                number = first + text[: len(text) - len(text.lstrip())].count("\n")
                raise SettingsError(f"{env_file}: line {number} is not NAME=value; correct or remove it")


@dataclass(frozen=True)
class SettingRow:
    """One line of `tenure config check`; `value` is safe to show."""

    name: str
    is_set: bool
    value: str
    why: str
    missing: str | None


def describe(settings: Settings) -> list[SettingRow]:
    """Every setting, its purpose, and what does not work while it is missing."""
    return [_row(settings, field, *texts) for field, texts in _MEANING.items()]


def unread_names(env_file: Path | None = ENV_FILE) -> dict[str, str]:
    """Variables that look like a setting but are not read, each with the name probably meant."""
    names = set(os.environ) | set(dotenv_values(env_file) if env_file else ())
    variables = [_variable(field) for field in _MEANING]
    unread = {}
    for name in sorted(names - set(variables) - set(_FOR_TESTS)):
        has_our_prefix = name.startswith(("TENURE_", "STRIPE_", "CLERK_"))
        near = get_close_matches(name, variables, n=1, cutoff=0.8 if has_our_prefix else 0.9)
        if has_our_prefix or near:
            unread[name] = near[0] if near else ""
    return unread


def _row(settings: Settings, field: str, why: str, missing: str | None) -> SettingRow:
    value = getattr(settings, field)
    is_set = field in settings.model_fields_set
    return SettingRow(
        name=_variable(field),
        is_set=is_set,
        value=_masked(value),
        why=why,
        missing=missing if value in (None, (), False) else None,
    )


def _variable(field: str) -> str:
    return str(Settings.model_fields[field].validation_alias or field.upper())


def _masked(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(_masked(item) for item in value)
    if not isinstance(value, SecretStr):
        return str(value).lower() if isinstance(value, bool) else str(value)
    text = value.get_secret_value()
    if "://" in text:
        return _without_password(text)
    kind = re.match(r"(whsec|[rs]k_live|[rs]k_test)_", text)
    tail = text[-4:] if len(text) >= 16 and not text.startswith("-----") else ""
    return f"{kind[0] if kind else ''}…{tail}"


def _without_password(url: str) -> str:
    """The URL without its password and parameters, which may contain one."""
    head, _, query = url.partition("?")
    scheme, _, rest = head.partition("://")
    user, at, place = rest.rpartition("@")
    shown = f"{scheme}://{user.partition(':')[0]}{at}{place}"
    return f"{shown}?…" if query else shown


def _one_line(error: ValidationError, env_file: Path | None) -> str:
    """Each wrong setting, with its file if the environment does not have it."""
    in_file = dotenv_values(env_file) if env_file else {}
    problems = []
    for item in error.errors(include_input=False, include_url=False):
        field = str(item["loc"][0])
        name = field if field.isupper() else _variable(field)
        expected = "must be true or false" if item["type"] == "bool_parsing" else item["msg"]
        place = f"{env_file}: " if name in in_file and not os.environ.get(name) else ""
        problems.append(f"{place}{name}: {expected.removeprefix('Value error, ')}")
    return "; ".join(problems)


# field: (purpose, what does not work without it)
_MEANING: dict[str, tuple[str, str | None]] = {
    "database_url": (
        "the PostgreSQL server, 15 or later, by a direct connection",
        "uses an embedded PostgreSQL in TENURE_DATA_DIR; back it up yourself",
    ),
    "database_replica_url": (
        "a streaming replica that answers auditors' reads",
        "the primary answers all reads",
    ),
    "data_dir": ("the embedded PostgreSQL and keys created here", None),
    "livemode": (
        "true in production: test events are stored but never projected",
        "false: test events change live state; set TENURE_LIVEMODE=true in production",
    ),
    "secret_key": (
        "signs console sessions and forms",
        "a key is created in TENURE_DATA_DIR; hosts without a shared directory need this setting",
    ),
    "signing_key": (
        "signs the log's checkpoints (Ed25519)",
        "a key is created in TENURE_DATA_DIR; keep a copy of it elsewhere",
    ),
    "stripe_webhook_secrets": (
        "signing secrets of the Stripe endpoint, newest first",
        "POST /webhooks/stripe answers 503",
    ),
    "clerk_webhook_secrets": (
        "signing secrets of the Clerk endpoint, newest first",
        "POST /webhooks/clerk answers 503",
    ),
    "trusted_proxies": (
        "addresses or networks of reverse proxies whose X-Forwarded-* headers are trusted",
        None,
    ),
    "stripe_trusted_accounts": (
        "connected accounts whose customers may be users here, separated by commas; default: none",
        None,
    ),
    "stripe_api_key": (
        "reads Stripe to reconcile; a restricted read-only key is enough",
        "tenure reconcile stripe and import stripe refuse; missed events can't be found",
    ),
    "stripe_api_base": ("address of the Stripe API", None),
    "clerk_secret_key": (
        "reads Clerk to reconcile",
        "tenure reconcile clerk refuses; missed events can't be found",
    ),
    "clerk_api_base": ("address of the Clerk Backend API", None),
    "smtp_url": (
        "sends mail: smtp://user:password@host:587",
        "mail goes to files in the outbox",
    ),
    "otel_exporter_otlp_endpoint": ("endpoint of traces: OTLP over HTTP, http://collector:4318", None),
    "otel_exporter_otlp_traces_endpoint": ("endpoint of traces, as a complete address", None),
    "otel_sdk_disabled": ("true: no traces, regardless of other settings", None),
    "log_level": ("minimum level of log lines: DEBUG, INFO, WARNING, ERROR", None),
    "log_format": ("console for people, json for machines", None),
}
