"""Follows the scaling policy minute by minute, and keeps each change of what it decides."""

import psycopg

from accunode_common.log import get_logger
from accunode_common.scaling import recommend
from accunode_common.scaling.records import DecisionRecord, policy_in_force
from accunode_ml.relay.sampling import Sample
from accunode_ml.repositories import scaling

logger = get_logger(__name__)


def decide_now(connection: psycopg.Connection, sample: Sample) -> DecisionRecord:
    """What the policy decides with this sample; it is kept if it differs from what was decided before."""
    policy, version = policy_in_force(*scaling.stored_policy(connection))
    window = scaling.window(connection, sample.minute)
    decision = recommend(policy.workers, window, sample.minute, sample.workers_alive)
    record = DecisionRecord.of(
        decision, workers=sample.workers_alive, queue_length=sample.queue_length, policy=policy, version=version
    )
    latest = scaling.latest_decision(connection)
    if not record.says_the_same_as(DecisionRecord.kept_as(latest) if latest else None):
        scaling.add_decision(connection, record.model_dump(mode="json"))
        logger.info("scaling decision", verdict=record.verdict, capacity=record.capacity, reason=record.reason)
    return record
