"""Compare addresses by the rule that makes no two mailboxes one: give those with other than ASCII letters new keys.

The old rule folded more, so that no two accounts can get the same key now, but for one whose domain was written in
Unicode and one whose was written in the ASCII form of the same: the older account keeps the key, and the other one its
old key. Whitelists hold keys only: theirs get the domain's ASCII form.

Revision: 0014
Follows: 0013
"""

import unicodedata
from collections.abc import Callable

import idna
import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def _new(address: str) -> str:
    local, _, domain = address.strip().rpartition("@")
    lowered = unicodedata.normalize("NFC", unicodedata.normalize("NFC", local).lower())
    return f"{lowered}@{_ascii(domain)}"


def _ascii(domain: str) -> str:
    try:
        return idna.encode(domain, uts46=True).decode().lower()
    except idna.IDNAError:
        return domain.lower()


def _old(address: str) -> str:
    return unicodedata.normalize("NFKC", address.strip()).casefold()


def upgrade() -> None:
    """Expand."""
    _rekey(_new)
    _rekey_whitelists()


def downgrade() -> None:
    """Take it back."""
    _rekey(_old)


def _rekey(rule: Callable[[str], str]) -> None:
    bind = op.get_bind()
    for name in ("read_reach", "write_reach"):
        op.execute(f"SELECT set_config('app.{name}', 'platform', true)")
    for table in ("users", "invitations"):
        found = bind.execute(
            sa.text(f"SELECT id, email FROM identity.{table} WHERE email ~ '[^[:ascii:]]' ORDER BY created_at, id")
        ).all()
        for row_id, email in found:
            # Only a person's own transaction changes the address.
            bind.execute(sa.text("SELECT set_config('app.user_id', :id, true)"), {"id": str(row_id)})
            key = rule(email)
            taken = (
                table == "users"
                and bind.execute(
                    sa.text("SELECT 1 FROM identity.users WHERE email_key = :key AND id <> :id"),
                    {"key": key, "id": row_id},
                ).scalar_one_or_none()
            )
            if not taken:
                bind.execute(
                    sa.text(f"UPDATE identity.{table} SET email_key = :key WHERE id = :id"),
                    {"key": key, "id": row_id},
                )
    op.execute("SELECT set_config('app.user_id', '', true)")


def _rekey_whitelists() -> None:
    bind = op.get_bind()
    for name in ("read_reach", "write_reach"):
        op.execute(f"SELECT set_config('app.{name}', 'platform', true)")
    entries = bind.execute(
        sa.text(
            "SELECT tenant_id, organization_id, email_key FROM tenancy.whitelist_entries"
            " WHERE email_key ~ '@.*[^[:ascii:]]'"
        )
    )
    for tenant_id, organization_id, key in entries.all():
        local, _, domain = key.rpartition("@")
        bind.execute(
            sa.text(
                "UPDATE tenancy.whitelist_entries SET email_key = :new WHERE tenant_id = :tenant"
                " AND organization_id = :organization AND email_key = :key AND NOT EXISTS (SELECT 1 FROM"
                " tenancy.whitelist_entries o WHERE o.tenant_id = :tenant AND o.organization_id = :organization"
                " AND o.email_key = :new)"
            ),
            {"new": f"{local}@{_ascii(domain)}", "tenant": tenant_id, "organization": organization_id, "key": key},
        )
