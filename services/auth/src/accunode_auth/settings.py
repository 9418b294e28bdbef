"""The auth service's settings."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from accunode_common.settings import ApiSettings, HashingSettings, MailSettings


class AuthSettings(ApiSettings, HashingSettings, MailSettings):
    """What the auth service needs.

    Attributes:
        signing_key_file: A PEM file of Ed25519 private keys, or a folder of such files. All are published, and the
            last one, in the order of file names and within a file, signs.
        signing_keys: The same as PEM text, where no file can be mounted; exactly one of both is given.
        session_lifetime: After it a person signs in anew, however often the tokens were refreshed. A tenant may decide
            on less, not on more.
        session_idle: After it without a refresh a person signs in anew; likewise.
        discreet_reply_time: Replies that must not tell whether an address is known come after this time, or after a
            multiple of it: more than a password hash takes.
        mfa_key: Secret text of 32 characters or more, under which the secrets of authenticators and of single
            sign-on are encrypted and the next refresh token is derived. Losing it locks out those who enrolled an
            authenticator, and ends single sign-on until its secrets are given anew.
        passkey_rp_id: The domain that passkeys are made for, as WebAuthn's relying-party id: that of `public_url`
            unless it is set. Passkeys of another domain are void, so it stays when the API moves.
        passkey_origins: The sites, such as `https://console.example.com`, that may ask for passkeys: `public_url`
            unless they are set.
        super_admin_second_factor_days: Days from becoming a super admin after which one must have a second factor. None
            asks for none. Tenants decide for their own people.
        sso_redirect_origins: Origins, such as `https://app.example`, that single sign-on may send browsers back to,
            beside the public URL's own.
        public_limit_scale: Multiplies the limits of `accunode_auth.limits`: what one address may ask of the routes open
            to anybody, and how many mails it gets.
    """

    # Before the text, whose validation reads it.
    signing_key_file: Path | None = None
    signing_keys: SecretStr | None = Field(default=None, validate_default=True)
    session_lifetime: timedelta = Field(default=timedelta(days=30), ge=timedelta(hours=1))
    session_idle: timedelta = Field(default=timedelta(days=3), ge=timedelta(minutes=15))
    discreet_reply_time: timedelta = Field(default=timedelta(milliseconds=500), gt=timedelta())
    mfa_key: SecretStr = Field(min_length=32)
    passkey_rp_id: str | None = None
    passkey_origins: list[str] = []
    super_admin_second_factor_days: int | None = Field(default=None, ge=0, le=90)
    sso_redirect_origins: frozenset[str] = frozenset()
    public_limit_scale: float = Field(default=1, gt=0)

    @field_validator("signing_keys")
    @classmethod
    def _is_the_one_source_of_keys(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if (value is None) == (info.data.get("signing_key_file") is None):
            raise ValueError("give the signing keys either here, as PEM text, or by ACCUNODE_SIGNING_KEY_FILE")
        return value

    @property
    def passkey_domain(self) -> str:
        """The relying-party id. Browsers make no passkey for a bare address; this machine is `localhost` to them."""
        host = urlsplit(self.public_url).hostname or ""
        return self.passkey_rp_id or ("localhost" if host == "127.0.0.1" else host)

    @property
    def passkey_sites(self) -> list[str]:
        """The origins that may ask for passkeys."""
        site = urlsplit(self.public_url)
        own = f"{site.scheme}://{site.netloc}"
        return self.passkey_origins or [own.replace("://127.0.0.1", "://localhost")]
