"""People whom a tenant's provider vouches for become members, where the tenant manages their accounts.

Revision: 0015
Follows: 0014
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _setting(name: str, cast: str = "") -> str:
    return f"(select nullif(current_setting('app.{name}', true), ''){cast})"


TENANT, USER, ORGANIZATION = (_setting(name, "::uuid") for name in ("tenant_id", "user_id", "organization_id"))
PLATFORM_TENANT = "'00000000-0000-7000-8000-000000000001'::uuid"
OWN_ADDRESS = (
    f"(select u.email_key from identity.users u where u.id = {USER} and u.email_verified_at is not null"
    " and u.status = 'active')"
)
# Only the auth service can read these tables: to all others, whatever comes here is refused too.
VOUCHED_FOR = f"""
    IF NEW.tenant_id = {TENANT} AND current_setting('app.write_reach', true) = 'tenant'
       AND NEW.role IN ('tenant_admin', 'org_admin', 'org_member') THEN
        IF EXISTS (SELECT 1 FROM identity.federated_identities f
            JOIN identity.sso_connections c ON c.tenant_id = f.tenant_id AND c.issuer = f.issuer
            JOIN identity.users u ON u.id = f.user_id
            WHERE f.tenant_id = NEW.tenant_id AND f.user_id = NEW.user_id AND c.enabled AND c.just_in_time
            AND u.managed_by_tenant_id = NEW.tenant_id AND u.email_verified_at IS NOT NULL AND u.status = 'active')
        THEN
            RETURN NEW;
        END IF;
    END IF;
"""
ADMIT = f"""
CREATE OR REPLACE FUNCTION identity.admit_the_invited() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT row_security_active('identity.memberships')
       OR NEW.role = 'user' AND NEW.tenant_id = {PLATFORM_TENANT}
       OR NEW.role = 'super_admin' AND current_setting('app.write_reach', true) = 'platform'
       OR NEW.role = 'org_member' AND NEW.organization_id = {ORGANIZATION}
       OR EXISTS (SELECT 1 FROM identity.invitations i
           WHERE i.tenant_id = NEW.tenant_id AND i.organization_id IS NOT DISTINCT FROM NEW.organization_id
           AND i.role = NEW.role AND i.state = 'pending' AND i.expires_at > now() AND i.email_key = {OWN_ADDRESS})
    THEN
        RETURN NEW;
    END IF;{{MORE}}
    RAISE insufficient_privilege USING MESSAGE = 'a membership is given by an invitation that its owner accepts';
END
$$
"""


def upgrade() -> None:
    """Expand."""
    _plain(ADMIT.replace("{MORE}", VOUCHED_FOR))
    _plain(f"CREATE POLICY deletes ON identity.sso_sessions FOR DELETE USING (user_id = {USER})")
    op.execute("GRANT DELETE ON identity.sso_sessions TO accunode_auth")


def downgrade() -> None:
    """Take it back."""
    op.execute("REVOKE DELETE ON identity.sso_sessions FROM accunode_auth")
    op.execute("DROP POLICY deletes ON identity.sso_sessions")
    _plain(ADMIT.replace("{MORE}", ""))


def _plain(statement: str) -> None:
    op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
