"""The auth service's settings."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from accunode_common.environment import Concern, variable
from accunode_common.settings import ApiSettings, HashingSettings, MailSettings, PublicSettings


class SigningSettings(Concern, env_prefix="ACCUNODE_SIGNING_"):
    """The keys that sign access tokens."""

    # Before the text, whose validation reads it.
    key_file: Path | None = None
    """A PEM file of Ed25519 private keys, or a folder of such files. All are published, and the last one, in the order
    of file names and within a file, signs."""
    keys: SecretStr | None = Field(default=None, validate_default=True)
    """PEM text of the keys, where no `ACCUNODE_SIGNING_KEY_FILE` can be mounted; exactly one of both is given."""

    @field_validator("keys")
    @classmethod
    def _is_the_one_source_of_keys(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if (value is None) == (info.data.get("key_file") is None):
            raise ValueError("give the signing keys either here, as PEM text, or by ACCUNODE_SIGNING_KEY_FILE")
        return value


class SessionSettings(Concern, env_prefix="ACCUNODE_SESSION_"):
    """How long people stay signed in."""

    lifetime: timedelta = Field(default=timedelta(days=30), ge=timedelta(hours=1))
    """After it a person signs in anew, however often the tokens were refreshed. A tenant may decide on less, not on
    more."""
    idle: timedelta = Field(default=timedelta(days=3), ge=timedelta(minutes=15))
    """After it without a refresh a person signs in anew. A tenant may decide on less, not on more."""


class MfaSettings(Concern, env_prefix="ACCUNODE_MFA_"):
    """Second factors, and the secrets of people and of single sign-on."""

    key: SecretStr = Field(min_length=32)
    """Secret text of 32 characters or more, under which the secrets of authenticators and of single sign-on are
    encrypted and the next refresh token is derived. Losing it locks out those who enrolled an authenticator, and ends
    single sign-on until its secrets are given anew."""
    super_admin_days: int | None = variable("ACCUNODE_SUPER_ADMIN_SECOND_FACTOR_DAYS", None, ge=0, le=90)
    """Days from becoming a super admin after which one must have a second factor. Unset, none is asked for. Tenants
    decide for their own people."""


class PasskeySettings(PublicSettings):
    """Which site passkeys are made for."""

    rp_id: str | None = variable("ACCUNODE_PASSKEY_RP_ID", None)
    """The domain that passkeys are made for, as WebAuthn's relying-party id: that of `ACCUNODE_PUBLIC_URL` unless it is
    set. Passkeys of another domain are void, so it stays when the API moves."""
    origins: list[str] = variable("ACCUNODE_PASSKEY_ORIGINS", [])
    """The sites, such as `https://console.example.com`, that may ask for passkeys: `ACCUNODE_PUBLIC_URL` unless they
    are set."""

    @property
    def domain(self) -> str:
        """The relying-party id. Browsers make no passkey for a bare address; this machine is `localhost` to them."""
        host = urlsplit(self.url).hostname or ""
        return self.rp_id or ("localhost" if host == "127.0.0.1" else host)

    @property
    def sites(self) -> list[str]:
        """The origins that may ask for passkeys."""
        site = urlsplit(self.url)
        own = f"{site.scheme}://{site.netloc}"
        return self.origins or [own.replace("://127.0.0.1", "://localhost")]


class SingleSignOnSettings(Concern, env_prefix="ACCUNODE_SSO_"):
    """Where single sign-on may lead."""

    redirect_origins: frozenset[str] = frozenset()
    """Origins, such as `https://app.example`, that single sign-on may send browsers back to, beside the public URL's
    own."""


class AnonymousSettings(Concern):
    """What the routes that are open to anybody do to those who guess."""

    reply_time: timedelta = variable("ACCUNODE_DISCREET_REPLY_TIME", timedelta(milliseconds=500), gt=timedelta())
    """Replies that must not tell whether an address is known come after this time, or after a multiple of it: more than
    a password hash takes."""
    limit_scale: float = variable("ACCUNODE_PUBLIC_LIMIT_SCALE", 1, gt=0)
    """Multiplies the limits of `accunode_auth.limits`: what one address may ask of the routes open to anybody, and how
    many mails it gets."""


class AuthSettings(ApiSettings):
    """What the auth service needs."""

    public: PublicSettings
    mail: MailSettings
    passwords: HashingSettings
    signing: SigningSettings
    sessions: SessionSettings
    mfa: MfaSettings
    passkeys: PasskeySettings
    single_sign_on: SingleSignOnSettings
    anonymous: AnonymousSettings
