"""The tenants service's settings."""

from pydantic import Field

from accunode_common.environment import Concern
from accunode_common.settings import MailSettings, PublicSettings, VerifierSettings


class JoinSettings(Concern, env_prefix="ACCUNODE_JOIN_"):
    """Joining an organization by its code."""

    attempts: int = Field(default=10, ge=1)
    """How often a person may try to join an organization in a minute."""


class PurgeSettings(Concern, env_prefix="ACCUNODE_PURGE_"):
    """Deleted tenants."""

    days: int = Field(default=30, ge=1)
    """Days in which a deleted tenant can be brought back."""


class TenantsSettings(VerifierSettings):
    """What the tenants service needs."""

    public: PublicSettings
    mail: MailSettings
    join: JoinSettings
    purge: PurgeSettings
