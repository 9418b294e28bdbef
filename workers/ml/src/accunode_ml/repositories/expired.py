"""Rows of several tables that have outlived their time."""

import psycopg

_DELETIONS = (
    "delete from ops.idempotency_keys where expires_at < now()",
    "delete from identity.revocations where expires_at < now()",
    "delete from ops.scaling_samples where minute < now() - interval '7 days'",
    "delete from ops.scaling_decisions where decided_at < now() - interval '90 days'",
)


def delete_expired(connection: psycopg.Connection) -> None:
    """Delete kept replies and revocations that have expired, and samples and decisions that are old."""
    for deletion in _DELETIONS:
        connection.execute(deletion)
