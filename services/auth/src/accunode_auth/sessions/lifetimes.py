"""When a session ends by itself: after a while without a refresh, and after a longer one in any case."""

from datetime import datetime, timedelta

from accunode_auth.settings import SessionSettings
from accunode_identity.tenant_settings import TenantSettings


def ends_at(settings: SessionSettings, rules: TenantSettings, *, began_at: datetime, seen_at: datetime) -> datetime:
    """When a session ends that began and was refreshed then, by the stricter of the platform's and tenant's rules."""
    idle, lifetime = settings.idle, settings.lifetime
    if rules.session_idle_minutes is not None:
        idle = min(idle, timedelta(minutes=rules.session_idle_minutes))
    if rules.session_lifetime_hours is not None:
        lifetime = min(lifetime, timedelta(hours=rules.session_lifetime_hours))
    return min(began_at + lifetime, seen_at + idle)
