"""Settings of the concerns that several processes share."""

import math
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr, ValidationInfo, field_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from accunode_common.emf import MetricsScope
from accunode_common.environment import Concern, ProcessSettings, variable
from accunode_common.tls import check_postgres_url, check_redis_url

WEAK_PASSWORDS = frozenset({"", "accunode", "admin", "changeme", "password", "postgres", "redis", "secret"})


class Environment(StrEnum):
    """Where a process runs."""

    LOCAL = "local"
    PRODUCTION = "production"


class DeploymentSettings(Concern):
    """Where the process runs."""

    environment: Environment = variable("ACCUNODE_ENVIRONMENT", Environment.LOCAL)
    """`production` asks for TLS to PostgreSQL and Redis, and of browsers; `local` does not."""

    @property
    def in_production(self) -> bool:
        """Whether the process runs in production."""
        return self.environment is Environment.PRODUCTION


class LogFormat(StrEnum):
    """How log lines are written."""

    JSON = "json"
    CONSOLE = "console"


class LogSettings(Concern, env_prefix="ACCUNODE_LOG_"):
    """What is logged, and how."""

    level: str = "INFO"
    """The least level that is logged."""
    format: LogFormat = LogFormat.JSON
    """How a line is written: one JSON object, or `console` for people."""


class MetricsFormat(StrEnum):
    """How figures are published: not at all, or as CloudWatch's embedded metric format on standard output.

    Every combination of a metric and its dimensions is billed by the month: the essential ones are those of all queues
    and all services together, few enough to be free.
    """

    NONE = "none"
    EMF = "emf"
    EMF_ESSENTIAL = "emf-essential"


class MetricsSettings(DeploymentSettings):
    """Whether figures are published once a minute, and as whose."""

    format: MetricsFormat = variable("ACCUNODE_METRICS", MetricsFormat.NONE)
    """How figures are published each minute: `emf-essential` only those that CloudWatch takes free of charge."""
    stack: str | None = variable("ACCUNODE_METRICS_ENVIRONMENT", None, pattern=r"^[a-z][a-z0-9-]{1,15}$")
    """The `Environment` that metrics belong to, as the stacks are called; else that of `ACCUNODE_ENVIRONMENT`."""

    @property
    def scope(self) -> MetricsScope | None:
        """Whose published metrics are, and which; None where none are."""
        if self.format is MetricsFormat.NONE:
            return None
        return MetricsScope(self.stack or self.environment.value, essential=self.format is MetricsFormat.EMF_ESSENTIAL)


def _fit_for_use(value: SecretStr, info: ValidationInfo) -> SecretStr:
    try:
        url = make_url(value.get_secret_value())
    except ArgumentError:
        raise ValueError("is not a URL such as postgresql://role:password@host:5432/accunode") from None
    if url.get_backend_name() != "postgresql":
        raise ValueError("names a database other than PostgreSQL")
    if str(url.password or "").lower() in WEAK_PASSWORDS:
        raise ValueError("has no password, or a well-known one")
    check_postgres_url(url, required=_tls_required(info))
    return value


def _tls_required(info: ValidationInfo) -> bool:
    chosen = info.data.get("require_tls")
    return info.data.get("environment") is Environment.PRODUCTION if chosen is None else bool(chosen)


PostgresUrl = Annotated[SecretStr, AfterValidator(_fit_for_use)]
"""A URL of PostgreSQL with a password; with verified TLS where the field `require_tls` before it asks."""


class PostgresSettings(DeploymentSettings):
    """Whether PostgreSQL is reached over TLS alone; the URLs come below, as their validation reads these."""

    require_tls: bool | None = variable("ACCUNODE_DATABASE_REQUIRE_TLS", None)
    """Whether a URL of PostgreSQL without verified TLS is refused; unset, it is in production."""


class DatabaseSettings(PostgresSettings, env_prefix="ACCUNODE_DATABASE_"):
    """How to reach PostgreSQL, as the process's own role."""

    url: PostgresUrl
    """`postgresql://role:password@host:port/database`, with `?sslmode=verify-full&sslrootcert=/path/to/ca.pem` for
    TLS."""
    pool_size: int = Field(default=10, ge=1)
    """Connections that a copy of a service, or another process, keeps open; the copy's processes share them."""
    pool_overflow: int = Field(default=10, ge=0)
    """Connections that it may open above `ACCUNODE_DATABASE_POOL_SIZE`."""
    statement_timeout_ms: int = Field(default=15_000, ge=100)
    """Milliseconds after which a statement is cancelled."""

    def shared_by(self, processes: int) -> "DatabaseSettings":
        """The settings of each of so many processes, which have no more connections together than one would have."""
        size, most = (math.ceil(each / processes) for each in (self.pool_size, self.connections))
        return self.model_copy(update={"pool_size": size, "pool_overflow": most - size})

    @property
    def connections(self) -> int:
        """The most that may be open."""
        return self.pool_size + self.pool_overflow


class RedisSettings(DeploymentSettings, env_prefix="ACCUNODE_REDIS_"):
    """How to reach Redis."""

    # Before the URL, whose validation reads it.
    require_tls: bool | None = None
    """Whether a URL of Redis without TLS is refused; unset, it is in production."""
    url: SecretStr
    """`redis://:password@host:port/0`, or `rediss://...?ssl_ca_certs=/path/to/ca.pem` over TLS."""

    @field_validator("url")
    @classmethod
    def _is_a_redis_url(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if not value.get_secret_value().startswith(("redis://", "rediss://")):
            raise ValueError("is not a URL such as redis://:password@host:6379/0")
        check_redis_url(value.get_secret_value(), required=_tls_required(info))
        return value


class StorageSettings(Concern, env_prefix="ACCUNODE_STORAGE_"):
    """Where uploaded files and chunks lie."""

    url: str
    """Where uploaded files and chunks lie: `file:///folder` or `s3://bucket/prefix`."""

    @field_validator("url")
    @classmethod
    def _has_a_known_scheme(cls, value: str) -> str:
        if not value.startswith(("file:///", "s3://")):
            raise ValueError("is neither file:///folder nor s3://bucket/prefix")
        return value


class TokenSettings(Concern, env_prefix="ACCUNODE_TOKEN_"):
    """Who issues access tokens, for whom, and where the public keys are; the issuer itself needs no address."""

    issuer: str = "accunode"
    """Who issues access tokens: their `iss`."""
    audience: str = "accunode-api"
    """For whom access tokens are: their `aud`."""
    jwks_url: AnyHttpUrl | None = variable("ACCUNODE_JWKS_URL", None)
    """Where the public keys are that verify access tokens."""


class VerifiedTokenSettings(TokenSettings):
    """Access tokens where they are only verified: the public keys are elsewhere."""

    jwks_url: AnyHttpUrl = variable("ACCUNODE_JWKS_URL")
    """Where the public keys are that verify access tokens."""


class RateLimitSettings(Concern, env_prefix="ACCUNODE_RATE_LIMIT_"):
    """How many requests each signed-in person may make."""

    requests: int = Field(default=600, ge=1)
    """Requests that each signed-in person may make in `ACCUNODE_RATE_LIMIT_SECONDS`."""
    seconds: int = Field(default=60, ge=1)
    """Seconds in which each signed-in person may make `ACCUNODE_RATE_LIMIT_REQUESTS` requests."""


class HttpSettings(Concern):
    """What an API takes from its callers, and what it tells the machinery around it."""

    max_body_bytes: int = Field(default=1_048_576, ge=1024)
    """Bytes of the largest body, but for the routes that say otherwise."""
    body_idle_seconds: float = Field(default=30, gt=0)
    """Seconds that a sender may be silent within a body."""
    processes: int = Field(default=1, ge=0, le=16)
    """Processes by which a copy of a service answers; 0 for one for each whole processor that it may use, up to four.
    Each takes some 120 MB."""
    figures: Path | None = variable("PROMETHEUS_MULTIPROC_DIR", None)
    """Where the processes of a copy keep the figures that they share; what starts several of them sets it."""
    turn_seconds: float = Field(default=5, gt=0)
    """Seconds that a signed-in caller's request waits while its process works on as many as it has connections to
    PostgreSQL, before it is answered 503; a fifth of it when none has had its turn soon for that long."""
    metrics_token: SecretStr | None = Field(default=None, min_length=16)
    """What must be shown for `/ready` and `/metrics` as `Authorization: Bearer`. Without it they answer whoever asks
    from the machine itself or a private network, and not through a proxy."""


class ApiSettings(ProcessSettings):
    """What every API service needs."""

    deployment: DeploymentSettings
    log: LogSettings
    metrics: MetricsSettings
    database: DatabaseSettings
    redis: RedisSettings
    tokens: TokenSettings
    http: HttpSettings
    rate_limit: RateLimitSettings

    @property
    def database_of_process(self) -> DatabaseSettings:
        """The database's settings for one of the processes that share them."""
        return self.database.shared_by(self.http.processes or 1)


class VerifierSettings(ApiSettings):
    """What the services need that only verify access tokens: all but the one that issues them."""

    tokens: VerifiedTokenSettings


class PublicSettings(Concern, env_prefix="ACCUNODE_PUBLIC_"):
    """Where people reach the API."""

    url: str = "http://127.0.0.1:8000"
    """Where people reach the API; mails link to it."""


class MailSettings(Concern, env_prefix="ACCUNODE_MAIL_"):
    """How mails are sent."""

    url: SecretStr | None = None
    """`smtp://user:password@host:587`, or `file:///folder` to write mails as files. Without it nothing is sent."""
    sender: str = variable("ACCUNODE_MAIL_FROM", "AccuNode <no-reply@accunode.invalid>")
    """The sender of mails."""


class HashingSettings(Concern, env_prefix="ACCUNODE_PASSWORD_"):
    """What a password hash costs: argon2id with one lane."""

    memory_kib: int = Field(default=65_536, ge=8)
    """KiB that one password hash takes; `ACCUNODE_PASSWORD_CONCURRENCY` times that must fit beside the service."""
    passes: int = Field(default=3, ge=1)
    """Passes over the memory of a password hash."""
    concurrency: int = Field(default=2, ge=1)
    """How many passwords are hashed at once."""


class ModelSettings(Concern, env_prefix="ACCUNODE_MODELS_"):
    """Which model files are served."""

    folder: Path | None = variable("ACCUNODE_MODELS_DIR", None)
    """The folder of the model files that are served; else those that the scoring library ships."""
