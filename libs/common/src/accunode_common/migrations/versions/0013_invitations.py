"""An account is its owner's: invitations, memberships that can be suspended, accounts that a tenant manages.

Every account gets the platform membership that registering gives, so that whoever is removed by a tenant still has an
account of their own. Super admins lose memberships in customers' tenants, which they are no longer allowed.

Revision: 0013
Follows: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def _setting(name: str, cast: str = "") -> str:
    return f"(select nullif(current_setting('app.{name}', true), ''){cast})"


TENANT, USER, ORGANIZATION = (_setting(name, "::uuid") for name in ("tenant_id", "user_id", "organization_id"))
READ_REACH, WRITE_REACH = _setting("read_reach"), _setting("write_reach")
PLATFORM = f"{WRITE_REACH} = 'platform'"
PLATFORM_TENANT = "'00000000-0000-7000-8000-000000000001'::uuid"
OWN = f"user_id = {USER}"
OWN_ADDRESS = (
    f"(select u.email_key from identity.users u where u.id = {USER} and u.email_verified_at is not null"
    " and u.status = 'active')"
)
ADMINISTERED = (
    f"{PLATFORM} or (tenant_id = {TENANT} and (({WRITE_REACH} = 'tenant' and role <> 'super_admin')"
    f" or ({WRITE_REACH} = 'organization' and organization_id = {ORGANIZATION}"
    " and role in ('org_admin', 'org_member'))))"
)
BEFORE = (
    f"{PLATFORM} or (tenant_id = {TENANT} and (({WRITE_REACH} = 'tenant' and role <> 'super_admin')"
    f" or ({WRITE_REACH} = 'organization' and organization_id = {ORGANIZATION} and role in ('org_admin', 'org_member'))"
    f" or ({OWN} and role = 'org_member' and organization_id = {ORGANIZATION})"
    f" or ({OWN} and role = 'user' and tenant_id = {PLATFORM_TENANT})))"
)
JOINS = f"{OWN} and status = 'active'"
MANAGED = (
    f"(({WRITE_REACH} = 'tenant' and managed_by_tenant_id = {TENANT})"
    " and exists (select 1 from identity.memberships m where m.user_id = users.id))"
)
ADMINISTERS = f"{WRITE_REACH} in ('organization', 'tenant', 'platform')"

ROLE_FITS_PLACE = f"""
case role
    when 'super_admin' then tenant_id = {PLATFORM_TENANT} and organization_id is null
    when 'tenant_admin' then tenant_id <> {PLATFORM_TENANT} and organization_id is null
    when 'user' then organization_id is null
    else organization_id is not null
end
""".strip()

KEEP_CREDENTIALS_PERSONAL = """
CREATE OR REPLACE FUNCTION identity.keep_credentials_personal() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF OLD.status = 'anonymised' AND NEW.status <> 'anonymised' THEN
        RAISE insufficient_privilege USING MESSAGE = 'an anonymised person stays so';
    END IF;
    IF {EXEMPT}OLD.id IS NOT DISTINCT FROM nullif(current_setting('app.user_id', true), '')::uuid THEN
        RETURN NEW;
    END IF;
    IF NEW.password_hash IS NOT NULL AND NEW.password_hash IS DISTINCT FROM OLD.password_hash
       OR NEW.status <> 'anonymised' AND {PERSONAL} THEN
        RAISE insufficient_privilege USING MESSAGE = 'only the person sets their password or changes their address';
    END IF;
    RETURN NEW;
END
$$
"""
ADMIT_THE_INVITED = f"""
CREATE FUNCTION identity.admit_the_invited() RETURNS trigger
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
    END IF;
    RAISE insufficient_privilege USING MESSAGE = 'a membership is given by an invitation that its owner accepts';
END
$$
"""

ADDRESS = "(NEW.email, NEW.email_key) IS DISTINCT FROM (OLD.email, OLD.email_key)"
ADDRESS_AND_MANAGER = """(
           (NEW.email, NEW.email_key, NEW.email_verified_at)
               IS DISTINCT FROM (OLD.email, OLD.email_key, OLD.email_verified_at)
           OR NEW.managed_by_tenant_id IS NOT NULL
               AND NEW.managed_by_tenant_id IS DISTINCT FROM OLD.managed_by_tenant_id
       )"""


def upgrade() -> None:
    """Expand."""
    _as_platform()
    op.execute(
        "INSERT INTO identity.memberships (tenant_id, id, user_id, role)"
        f" SELECT {PLATFORM_TENANT}, gen_random_uuid(), u.id, 'user' FROM identity.users u"
        " WHERE u.status <> 'anonymised' AND NOT EXISTS (SELECT 1 FROM identity.memberships m"
        f" WHERE m.user_id = u.id AND m.tenant_id = {PLATFORM_TENANT})"
    )
    op.execute(
        f"DELETE FROM identity.memberships m WHERE m.tenant_id <> {PLATFORM_TENANT} AND EXISTS"
        " (SELECT 1 FROM identity.memberships s WHERE s.user_id = m.user_id AND s.role = 'super_admin')"
    )
    op.add_column(
        "memberships", sa.Column("status", sa.Text(), server_default="active", nullable=False), schema="identity"
    )
    op.create_check_constraint(
        op.f("ck_memberships_status"), "memberships", "status in ('active', 'suspended')", schema="identity"
    )
    op.add_column("users", sa.Column("managed_by_tenant_id", sa.Uuid()), schema="identity")
    op.create_foreign_key(
        op.f("fk_users_managed_by_tenant_id_tenants"),
        "users",
        "tenants",
        ["managed_by_tenant_id"],
        ["id"],
        source_schema="identity",
        referent_schema="tenancy",
        ondelete="SET NULL",
    )
    op.execute(
        "UPDATE identity.memberships m SET status = 'suspended' FROM identity.users u WHERE u.id = m.user_id"
        " AND m.role <> 'user' AND u.email_verified_at IS NULL AND u.password_hash IS NOT NULL"
    )
    _make_invitations()
    for role in ("accunode_auth", "accunode_tenants"):
        op.execute(
            "GRANT SELECT, INSERT, UPDATE (state, token_hash, expires_at, decided_at, accepted_by, updated_at, version)"
            f" ON identity.invitations TO {role}"
        )
        op.execute(f"GRANT UPDATE (organization_id, status) ON identity.memberships TO {role}")
    op.execute("GRANT UPDATE (managed_by_tenant_id) ON identity.users TO accunode_auth")
    op.execute("GRANT UPDATE (managed_by_tenant_id, updated_at, version) ON identity.users TO accunode_tenants")
    op.execute("REVOKE INSERT ON identity.users FROM accunode_tenants")
    op.execute(
        "REVOKE INSERT (id, email, email_key, full_name, password_hash, email_verified_at, password_changed_at)"
        " ON identity.users FROM accunode_tenants"
    )
    op.execute("GRANT SELECT (status) ON identity.memberships TO accunode_worker")
    op.execute("GRANT SELECT (managed_by_tenant_id, version) ON identity.users TO accunode_tenants")
    op.execute("GRANT SELECT, DELETE ON tenancy.whitelist_entries TO accunode_auth")
    _replace("identity.users", "inserts", f"FOR INSERT WITH CHECK (id = {USER} or {PLATFORM})")
    _replace("identity.users", "updates", _both("FOR UPDATE", f"id = {USER} or {PLATFORM} or {MANAGED}"))
    _replace("identity.memberships", "inserts", f"FOR INSERT WITH CHECK ({JOINS})")
    _replace("identity.memberships", "updates", _both("FOR UPDATE", ADMINISTERED))
    _replace("identity.memberships", "deletes", f"FOR DELETE USING ({OWN} or {ADMINISTERED})")
    _replace("identity.sessions", "reads", f"FOR SELECT USING ({OWN})")
    _replace("identity.sessions", "updates", _both("FOR UPDATE", OWN))
    _plain(_credentials(ADDRESS_AND_MANAGER, exempt="NOT row_security_active('identity.users') OR "))
    _plain(ADMIT_THE_INVITED)
    op.execute("REVOKE ALL ON FUNCTION identity.admit_the_invited() FROM PUBLIC")
    op.execute(
        "CREATE TRIGGER admit_the_invited BEFORE INSERT ON identity.memberships"
        " FOR EACH ROW EXECUTE FUNCTION identity.admit_the_invited()"
    )


def _make_invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid()),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("managed", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("accepted_by", sa.Uuid()),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "role in ('super_admin', 'tenant_admin', 'org_admin', 'org_member', 'user')",
            name=op.f("ck_invitations_role"),
        ),
        sa.CheckConstraint(
            "state in ('pending', 'accepted', 'declined', 'withdrawn', 'expired')", name=op.f("ck_invitations_state")
        ),
        sa.CheckConstraint(ROLE_FITS_PLACE, name=op.f("ck_invitations_role_fits_place")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "organization_id"],
            ["tenancy.organizations.tenant_id", "tenancy.organizations.id"],
            name=op.f("fk_invitations_tenant_id_organization_id_organizations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"], name=op.f("fk_invitations_tenant_id_tenants")),
        sa.ForeignKeyConstraint(["invited_by"], ["identity.users.id"], name=op.f("fk_invitations_invited_by_users")),
        sa.ForeignKeyConstraint(["accepted_by"], ["identity.users.id"], name=op.f("fk_invitations_accepted_by_users")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_invitations")),
        schema="identity",
    )
    op.create_index(op.f("ix_invitations_email_key"), "invitations", ["email_key"], schema="identity")
    op.create_index(
        op.f("ix_invitations_tenant_id_organization_id_id"),
        "invitations",
        ["tenant_id", "organization_id", "id"],
        schema="identity",
    )
    op.create_index(
        "uq_invitations_pending",
        "invitations",
        ["tenant_id", "organization_id", "email_key"],
        unique=True,
        schema="identity",
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("state = 'pending'"),
    )
    own = f"email_key = {OWN_ADDRESS}"
    for statement in (
        "ALTER TABLE identity.invitations ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE identity.invitations FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY reads ON identity.invitations FOR SELECT USING ({ADMINISTERED} or {own})",
        (
            "CREATE POLICY inserts ON identity.invitations FOR INSERT"
            f" WITH CHECK (invited_by = {USER} and ({ADMINISTERED}))"
        ),
        (
            "CREATE POLICY updates ON identity.invitations FOR UPDATE"
            f" USING ({ADMINISTERED} or (state = 'pending' and {own})) WITH CHECK ({ADMINISTERED} or {own})"
        ),
    ):
        _plain(statement)


def _credentials(personal: str, *, exempt: str = "") -> str:
    return KEEP_CREDENTIALS_PERSONAL.replace("{PERSONAL}", personal).replace("{EXEMPT}", exempt)


def _as_platform() -> None:
    for name in ("read_reach", "write_reach"):
        op.execute(f"SELECT set_config('app.{name}', 'platform', true)")


def _both(command: str, rows: str) -> str:
    return f"{command} USING ({rows}) WITH CHECK ({rows})"


def _replace(table: str, policy: str, definition: str) -> None:
    op.execute(f"DROP POLICY {policy} ON {table}")
    _plain(f"CREATE POLICY {policy} ON {table} {definition}")


def _plain(statement: str) -> None:
    # Casts are written with colons, which must not be taken for parameters.
    op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})


def downgrade() -> None:
    """Take it back. Whom the upgrade gave a platform membership keeps it."""
    in_sight = f"({ADMINISTERS} and exists (select 1 from identity.memberships m where m.user_id = sessions.user_id))"
    people = in_sight.replace("sessions.user_id", "users.id")
    _plain(_credentials(ADDRESS))
    _replace("identity.sessions", "reads", f"FOR SELECT USING ({OWN} or {in_sight})")
    _replace("identity.sessions", "updates", _both("FOR UPDATE", f"{OWN} or {in_sight}"))
    _replace("identity.memberships", "inserts", f"FOR INSERT WITH CHECK ({BEFORE})")
    _replace("identity.memberships", "updates", _both("FOR UPDATE", BEFORE))
    _replace("identity.memberships", "deletes", f"FOR DELETE USING ({BEFORE})")
    _replace("identity.users", "inserts", f"FOR INSERT WITH CHECK (id = {USER} or {ADMINISTERS})")
    _replace("identity.users", "updates", _both("FOR UPDATE", f"id = {USER} or {PLATFORM} or {people}"))
    op.execute("REVOKE SELECT, DELETE ON tenancy.whitelist_entries FROM accunode_auth")
    op.execute(
        "GRANT INSERT (id, email, email_key, full_name, password_hash, email_verified_at, password_changed_at)"
        " ON identity.users TO accunode_tenants"
    )
    op.execute("REVOKE SELECT (version), UPDATE (updated_at, version) ON identity.users FROM accunode_tenants")
    for role in ("accunode_auth", "accunode_tenants"):
        op.execute(f"REVOKE UPDATE (organization_id) ON identity.memberships FROM {role}")
    op.execute("DROP TRIGGER admit_the_invited ON identity.memberships")
    op.execute("DROP FUNCTION identity.admit_the_invited()")
    op.drop_table("invitations", schema="identity")
    op.drop_column("users", "managed_by_tenant_id", schema="identity")
    op.drop_column("memberships", "status", schema="identity")
