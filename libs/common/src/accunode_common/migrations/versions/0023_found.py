"""Companies by the words of their names, counts of companies and probabilities from indexes alone, and policies of
reading that the planner does not take for rare.

Revision: 0023
Follows: 0022
"""

from pathlib import Path

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_RECORDS = {
    "credit.companies": ("created_by", "organization_id"),
    "credit.predictions": ("created_by", "organization_id"),
    "credit.outcomes": ("created_by", "organization_id"),
    "credit.newest_predictions": ("scope_id", "scope_id"),
    "bulk.jobs": ("created_by", "organization_id"),
}
_BANDS = {
    "ix_predictions_tenant_id_scope_id_kind_pd_band_id": ("predictions", "id"),
    "ix_newest_predictions_band": ("newest_predictions", "prediction_id"),
}
_FUNCTIONS = (
    "find_companies(text[], text[], bigint)",
    "count_companies(uuid[])",
    "probabilities(text, boolean, integer, integer)",
    "readable_scopes()",
)


_READ = """
    (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal'
        and PERSON = (select nullif(current_setting('app.user_id', true), '')::uuid))
    or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization'
        and (ORGANIZATION = (select nullif(current_setting('app.organization_id', true), '')::uuid)
            or (select nullif(current_setting('app.read_reach', true), '')) = 'tenant'))
    or (access_level = 'system' and ((select nullif(current_setting('app.read_reach', true), '')) = 'platform'
        or (select exists (
            select 1 from tenancy.organizations o
            where o.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)
                and o.id = (select nullif(current_setting('app.organization_id', true), '')::uuid)
                and o.global_data_access))))
"""


def _read(person: str, organization: str) -> str:
    return _READ.replace("PERSON", person).replace("ORGANIZATION", organization)


def upgrade() -> None:
    """Indexes first: while these are made rows are read, and only then nobody does for a moment."""
    op.execute(
        "CREATE INDEX ix_companies_words ON credit.companies USING gin (array_to_tsvector(string_to_array("
        "right(scope_id::text, 6) || replace(regexp_replace(left(name_key, 400), '[!-/:-@[-`{-~]+', ' ', 'g'), ' ',"
        " ' ' || right(scope_id::text, 6)), ' '))) WITH (gin_pending_list_limit = 16384)"
    )
    _replace_band_indexes("INCLUDE (pd)")
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0023_found.sql").read_text())
    for table, columns in _RECORDS.items():
        op.execute(f"ALTER POLICY reads ON {table} USING (case when {_read(*columns)} then true end)")


def downgrade() -> None:
    """Take it back."""
    for table, columns in _RECORDS.items():
        op.execute(f"ALTER POLICY reads ON {table} USING ({_read(*columns)})")
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION credit.{function}")
    _replace_band_indexes("")
    op.execute("DROP INDEX credit.ix_companies_words")


def _replace_band_indexes(included: str) -> None:
    for name, (table, key) in _BANDS.items():
        columns = f"(tenant_id, scope_id, kind, pd_band, {key})"
        op.execute(f"CREATE INDEX {name}_new ON credit.{table} {columns} {included}")
    for name in _BANDS:
        op.execute(f"DROP INDEX credit.{name}")
        op.execute(f"ALTER INDEX credit.{name}_new RENAME TO {name}")
