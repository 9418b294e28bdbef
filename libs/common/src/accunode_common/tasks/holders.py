"""Who holds leases: one run of a worker's process, known to PostgreSQL while its worker notes that it lives.

All times are the database's. A lease whose holder is gone, stale or retired is free at once; see the relay.
"""

import os
import socket
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from accunode_common.ids import new_id

BEAT_SECONDS = 2.0
STALE_SECONDS = 9.0
"""How old the last note of a holder may be. Four are missed by then."""

# While the server was away nobody could note that they live.
LIVES = (
    f"greatest(w.beat_at, pg_postmaster_start_time()) >= clock_timestamp() - interval '{STALE_SECONDS} seconds'"
    " and not w.retired"
)
"""Which rows `w` of `ops.workers` are those of living processes: a constant condition, for statements of any make."""

_ANNOUNCE = text("""
    insert into ops.workers (id, worker_id, host, pid) values (:id, :worker_id, :host, :pid)
    on conflict (id) do update set beat_at = clock_timestamp()
""")


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that can hold leases, one at a time.

    Attributes:
        id: Of this run of the process.
        worker_id: Of the worker that it belongs to; the worker's own process has this as its `id`.
    """

    id: UUID
    worker_id: UUID
    host: str
    pid: int

    @classmethod
    def here(cls, worker_id: UUID | None = None) -> Self:
        """The running process: a worker's, or a worker of its own."""
        own = new_id()
        return cls(own, worker_id or own, socket.gethostname(), os.getpid())

    @property
    def row(self) -> dict[str, Any]:
        """Its row, as parameters."""
        return {"id": self.id, "worker_id": self.worker_id, "host": self.host, "pid": self.pid}


def announce(session: Session, holder: Holder) -> None:
    """Say that the holder lives, in the transaction that gives it a lease."""
    session.execute(_ANNOUNCE, holder.row)
