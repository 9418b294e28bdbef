"""Follows the scaling policy minute by minute, and keeps each change of what it decides."""

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from accunode_common.ids import new_id
from accunode_common.log import get_logger
from accunode_common.models.ops import CURRENT_POLICY
from accunode_common.scaling import WINDOW_MINUTES, Measured, recommend
from accunode_common.scaling.records import DecisionRecord, policy_in_force
from accunode_ml.relay.sampling import Sample

_POLICY = "select policy, version from ops.scaling_policies where name = %s"
_WINDOW = """
    select minute, queue_length, workers_alive as workers from ops.scaling_samples
    where minute > %s - make_interval(mins => %s) and minute <= %s order by minute
"""
_LATEST = "select decision from ops.scaling_decisions order by decided_at desc, id desc limit 1"
_KEEP = "insert into ops.scaling_decisions (id, decision) values (%s, %s)"

logger = get_logger(__name__)


def decide_now(connection: psycopg.Connection, sample: Sample) -> DecisionRecord:
    """What the policy decides with this sample; it is kept if it differs from what was decided before."""
    policy, version = policy_in_force(*(connection.execute(_POLICY, [CURRENT_POLICY]).fetchone() or (None, None)))
    cursor = connection.cursor(row_factory=class_row(Measured))
    window = cursor.execute(_WINDOW, [sample.minute, WINDOW_MINUTES, sample.minute]).fetchall()
    decision = recommend(policy.workers, window, sample.minute, sample.workers_alive)
    record = DecisionRecord.of(
        decision, workers=sample.workers_alive, queue_length=sample.queue_length, policy=policy, version=version
    )
    kept = connection.execute(_LATEST).fetchone()
    if not record.says_the_same_as(DecisionRecord.kept_as(kept[0]) if kept else None):
        connection.execute(_KEEP, [new_id(), Jsonb(record.model_dump(mode="json"))])
        logger.info("scaling decision", verdict=record.verdict, capacity=record.capacity, reason=record.reason)
    return record
