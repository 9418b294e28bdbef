"""Frozen settings, one class per concern, composed per service.

Only a service's `main.py` and the command-line modules read the environment; everything else is handed an object.
"""

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as NotJsonError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from accunode_common.emf import Place
from accunode_common.tls import check_postgres_url, check_redis_url

WEAK_PASSWORDS = frozenset({"", "accunode", "admin", "changeme", "password", "postgres", "redis", "secret"})


class SettingsError(RuntimeError):
    """The environment lacks a setting or holds an unusable one; the message names each in one sentence."""


class Environment(StrEnum):
    """Where a process runs."""

    LOCAL = "local"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    """How log lines are written."""

    JSON = "json"
    CONSOLE = "console"


class AccunodeSettings(BaseSettings):
    """The base of every settings class: read from `ACCUNODE_*`, frozen, and blind to unknown variables."""

    model_config = SettingsConfigDict(env_prefix="ACCUNODE_", frozen=True, extra="ignore", secrets_dir=None)

    environment: Environment = Environment.LOCAL

    @classmethod
    def from_environment(cls) -> Self:
        """Read the process's environment, and below it the folder that `ACCUNODE_SECRETS_DIR` names.

        A file there holds one setting and bears its variable's name in lower case, such as `accunode_database_url`.

        Raises:
            SettingsError: A setting is missing, weak or malformed, or the folder is not there.
        """
        folder = os.environ.get("ACCUNODE_SECRETS_DIR")
        if folder and not Path(folder).is_dir():
            raise SettingsError(f"ACCUNODE_SECRETS_DIR names {folder}, which is not a folder.")
        try:
            return cls(_secrets_dir=folder or None)
        except ValidationError as error:
            problems = "; ".join(
                f"ACCUNODE_{'_'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
                for problem in error.errors()
            )
            raise SettingsError(f"The environment is not usable: {problems}.") from None
        except NotJsonError as error:
            (field,) = re.findall(r'field "(\w+)"', str(error)) or ("…",)
            raise SettingsError(f"The environment is not usable: ACCUNODE_{field.upper()}: is not JSON.") from None


class MetricsFormat(StrEnum):
    """How figures are published: not at all, or as CloudWatch's embedded metric format on standard output.

    Every combination of a metric and its dimensions is billed by the month: the essential ones are those of all queues
    and all services together, few enough to be free.
    """

    NONE = "none"
    EMF = "emf"
    EMF_ESSENTIAL = "emf-essential"


class MetricsSettings(AccunodeSettings):
    """Whether figures are published once a minute, and as whose.

    Attributes:
        metrics_environment: The `Environment` that metrics belong to, as the stacks are called; else `environment`.
    """

    metrics: MetricsFormat = MetricsFormat.NONE
    metrics_environment: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9-]{1,15}$")

    @property
    def metrics_place(self) -> Place | None:
        """Whose published metrics are, and which; None where none are."""
        if self.metrics is MetricsFormat.NONE:
            return None
        return Place(
            self.metrics_environment or self.environment.value, essential=self.metrics is MetricsFormat.EMF_ESSENTIAL
        )


class LogSettings(AccunodeSettings):
    """What is logged, and how."""

    log_level: str = "INFO"
    log_format: LogFormat = LogFormat.JSON


def _tls_required(info: ValidationInfo, setting: str) -> bool:
    chosen = info.data.get(setting)
    return info.data.get("environment") is Environment.PRODUCTION if chosen is None else bool(chosen)


def _fit_for_use(value: SecretStr, info: ValidationInfo) -> SecretStr:
    try:
        url = make_url(value.get_secret_value())
    except ArgumentError:
        raise ValueError("is not a URL such as postgresql://role:password@host:5432/accunode") from None
    if url.get_backend_name() != "postgresql":
        raise ValueError("names a database other than PostgreSQL")
    if str(url.password or "").lower() in WEAK_PASSWORDS:
        raise ValueError("has no password, or a well-known one")
    check_postgres_url(url, required=_tls_required(info, "database_require_tls"))
    return value


PostgresUrl = Annotated[SecretStr, AfterValidator(_fit_for_use)]
"""A URL of PostgreSQL with a password; with verified TLS where the setting `database_require_tls` before it asks."""


class DatabaseSettings(AccunodeSettings):
    """How to reach PostgreSQL, as the process's own role.

    Attributes:
        database_require_tls: Whether a URL without verified TLS is refused; unset, it is in production.
        database_url: `postgresql://role:password@host:port/database`, with
            `?sslmode=verify-full&sslrootcert=/path/to/ca.pem` for TLS.
        database_pool_size: Connections a process keeps open.
        database_pool_overflow: Connections it may open above those.
        database_statement_timeout_ms: A statement that runs longer is cancelled.
    """

    # Before the URL, whose validation reads it.
    database_require_tls: bool | None = None
    database_url: PostgresUrl
    database_pool_size: int = Field(default=10, ge=1)
    database_pool_overflow: int = Field(default=10, ge=0)
    database_statement_timeout_ms: int = Field(default=15_000, ge=100)


class RedisSettings(AccunodeSettings):
    """How to reach Redis.

    Attributes:
        redis_require_tls: Whether a URL without TLS is refused; unset, it is in production.
        redis_url: `redis://:password@host:port/0`, or `rediss://...?ssl_ca_certs=/path/to/ca.pem` over TLS.
    """

    # Before the URL, whose validation reads it.
    redis_require_tls: bool | None = None
    redis_url: SecretStr

    @field_validator("redis_url")
    @classmethod
    def _is_a_redis_url(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if not value.get_secret_value().startswith(("redis://", "rediss://")):
            raise ValueError("is not a URL such as redis://:password@host:6379/0")
        check_redis_url(value.get_secret_value(), required=_tls_required(info, "redis_require_tls"))
        return value


class StorageSettings(AccunodeSettings):
    """Where uploaded files and chunks lie: `file:///folder` or `s3://bucket/prefix`."""

    storage_url: str

    @field_validator("storage_url")
    @classmethod
    def _has_a_known_scheme(cls, value: str) -> str:
        if not value.startswith(("file:///", "s3://")):
            raise ValueError("is neither file:///folder nor s3://bucket/prefix")
        return value


class TokenSettings(AccunodeSettings):
    """Who issues access tokens, for whom, and where the public keys are; the issuer itself needs no address."""

    token_issuer: str = "accunode"
    token_audience: str = "accunode-api"
    jwks_url: AnyHttpUrl | None = None


class HttpSettings(AccunodeSettings):
    """What an API takes from its callers.

    Attributes:
        rate_limit_requests: Requests that each signed-in person may make in `rate_limit_seconds`.
        rate_limit_seconds: The window of that limit.
        max_body_bytes: The largest body, but for the routes that say otherwise.
        body_idle_seconds: How long a sender may be silent within a body.
        metrics_token: What must be shown for `/ready` and `/metrics` as `Authorization: Bearer`. Without it they answer
            whoever asks from the machine itself or a private network, and not through a proxy.
    """

    rate_limit_requests: int = Field(default=600, ge=1)
    rate_limit_seconds: int = Field(default=60, ge=1)
    max_body_bytes: int = Field(default=1_048_576, ge=1024)
    body_idle_seconds: float = Field(default=30, gt=0)
    metrics_token: SecretStr | None = Field(default=None, min_length=16)


class ApiSettings(LogSettings, MetricsSettings, DatabaseSettings, RedisSettings, TokenSettings, HttpSettings):
    """What every API service needs."""


class VerifierSettings(ApiSettings):
    """What the services need that only verify access tokens: all but the one that issues them."""

    jwks_url: AnyHttpUrl


class MailSettings(AccunodeSettings):
    """How mails are sent, and where they lead.

    Attributes:
        public_url: Where people reach the API; mails link to it.
        mail_url: `smtp://user:password@host:587`, or `file:///folder` to write mails as files. None sends nothing.
        mail_from: The sender of mails.
    """

    public_url: str = "http://127.0.0.1:8000"
    mail_url: SecretStr | None = None
    mail_from: str = "AccuNode <no-reply@accunode.invalid>"


class HashingSettings(AccunodeSettings):
    """What a password hash costs: argon2id with one lane.

    Attributes:
        password_memory_kib: Memory that one hash takes; `password_concurrency` times that must fit beside the service.
        password_passes: Passes over that memory.
        password_concurrency: How many passwords are hashed at once.
    """

    password_memory_kib: int = Field(default=65_536, ge=8)
    password_passes: int = Field(default=3, ge=1)
    password_concurrency: int = Field(default=2, ge=1)


class ModelSettings(AccunodeSettings):
    """Which model files are served: those in `models_dir`, or else those that the scoring library ships."""

    models_dir: Path | None = None
