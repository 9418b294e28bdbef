"""One trigger of a statement instead of a check of each added prediction: its company, the newest, and the counts.

Of the foreign keys of companies none stays, as of predictions before: see ADR 0021. Code from before this migration
adds and deletes as it did.

Revision: 0024
Follows: 0023
"""

from pathlib import Path

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_KEYS: dict[str, tuple[str, str, str, list[str], list[str], str | None]] = {
    "fk_companies_created_by_users": ("companies", "identity", "users", ["created_by"], ["id"], None),
    "fk_companies_tenant_id_tenants": ("companies", "tenancy", "tenants", ["tenant_id"], ["id"], None),
    "fk_companies_tenant_id_organization_id_organizations": (
        "companies",
        "tenancy",
        "organizations",
        ["tenant_id", "organization_id"],
        ["tenant_id", "id"],
        None,
    ),
    "fk_predictions_tenant_id_company_id_companies": (
        "predictions",
        "credit",
        "companies",
        ["tenant_id", "company_id"],
        ["tenant_id", "id"],
        "CASCADE",
    ),
}
_SETTING = "(select nullif(current_setting('app.{}', true), ''){})"
_TENANT, _USER, _ORGANIZATION = (_SETTING.format(f"{name}_id", "::uuid") for name in ("tenant", "user", "organization"))
_REACH = _SETTING.format("write_reach", "")
_MAY_ADD = f"""
    created_by = {_USER} and (
        (tenant_id = {_TENANT} and access_level = 'personal' and created_by = {_USER})
        or (tenant_id = {_TENANT} and access_level = 'organization' and organization_id = {_ORGANIZATION}
            and (created_by = {_USER} or {_REACH} = 'organization'))
        or (tenant_id = {_TENANT} and access_level = 'system' and {_REACH} = 'platform'))
"""
_BESIDE_ITS_COMPANY = """
    exists (select 1 from credit.companies c where c.tenant_id = predictions.tenant_id
        and c.id = predictions.company_id and c.scope_id is not distinct from predictions.scope_id)
"""
_REPLACED = (
    "DROP TRIGGER count_added ON credit.newest_predictions",
    "DROP TRIGGER count_added ON credit.predictions",
    "DROP TRIGGER keep_newest_added ON credit.predictions",
)
_FORMER = """
    CREATE TRIGGER keep_newest_added AFTER INSERT ON credit.predictions
        REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION credit.keep_newest();
    CREATE TRIGGER count_added AFTER INSERT ON credit.predictions
        REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION credit.count_changes();
    CREATE TRIGGER count_added AFTER INSERT ON credit.newest_predictions
        REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION credit.count_changes();
"""
_UNDONE = (
    "DROP TRIGGER keep_added ON credit.predictions",
    "DROP TRIGGER remove_predictions ON credit.companies",
    "DROP FUNCTION credit.keep_added()",
    "DROP FUNCTION credit.remove_predictions()",
    "DROP POLICY removes_all ON credit.predictions",
)


def upgrade() -> None:
    """The catalogue alone changes: nothing is rewritten, and the tables are locked for a moment."""
    for name, (table, *_) in _KEYS.items():
        op.drop_constraint(name, table, schema="credit")
    for statement in _REPLACED:
        op.execute(statement)
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0024_added.sql").read_text())
    op.execute(f"ALTER POLICY inserts ON credit.predictions WITH CHECK ({_MAY_ADD})")


def downgrade() -> None:
    """Take it back."""
    op.execute(f"ALTER POLICY inserts ON credit.predictions WITH CHECK ({_MAY_ADD} and {_BESIDE_ITS_COMPANY})")
    for statement in _UNDONE:
        op.execute(statement)
    op.get_bind().exec_driver_sql(_FORMER)
    # The keys are checked as their tables' owner, who sees no row of them otherwise.
    seen = ("identity.users", "tenancy.tenants", "tenancy.organizations", "credit.companies", "credit.predictions")
    for table in seen:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    for name, (table, schema, referred, columns, keys, ondelete) in _KEYS.items():
        op.create_foreign_key(
            name, table, referred, columns, keys, source_schema="credit", referent_schema=schema, ondelete=ondelete
        )
    for table in seen:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
