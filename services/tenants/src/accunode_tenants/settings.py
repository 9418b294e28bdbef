"""The tenants service's settings."""

from pydantic import Field

from accunode_common.settings import MailSettings, VerifierSettings


class TenantsSettings(VerifierSettings, MailSettings):
    """What the tenants service needs.

    Attributes:
        join_attempts: How often a person may try to join an organization in a minute.
        purge_days: How long a deleted tenant can be brought back.
    """

    join_attempts: int = Field(default=10, ge=1)
    purge_days: int = Field(default=30, ge=1)
