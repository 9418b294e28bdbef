"""`registry.shadow_scores`: what a challenger says of stored predictions."""

from typing import cast as typed

import pyarrow as pa
from sqlalchemy import Column, Table, Text, Uuid, func, literal, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from accunode_credit.models.bulk import Job
from accunode_credit.models.registry import ShadowScore
from accunode_ml.repositories.copying import copy_rows, temporary_table

_SCORES = typed(Table, ShadowScore.__table__)
_COPIED = temporary_table(
    "copied_shadow_scores", *(Column(name, _SCORES.c[name].type) for name in ("prediction_id", "pd"))
)


def store(session: Session, job: Job, version: str, scores: pa.Table) -> None:
    """Keep what a challenger says of predictions, by their ids, instead of what it said before."""
    copy_rows(session, _COPIED, scores)
    rows = select(literal(job.tenant_id, Uuid), literal(version, Text), *_COPIED.c)
    insertion = postgresql.insert(_SCORES).from_select(["tenant_id", "version", *_COPIED.c.keys()], rows)
    session.execute(
        insertion.on_conflict_do_update(
            index_elements=["tenant_id", "prediction_id", "version"],
            set_={"pd": insertion.excluded.pd, "created_at": func.now()},
        )
    )
