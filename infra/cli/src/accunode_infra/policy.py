"""What a change may not do without being told to: take data away. And what it does that people should know."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from accunode_infra.errors import RefusedError
from accunode_infra.resolve import is_symbolic
from accunode_infra.stackops.changes import ResourceChange

STATEFUL: Mapping[str, str] = {
    "AWS::RDS::DBInstance": "the database",
    "AWS::ElastiCache::ReplicationGroup": "the queue and the cache",
    "AWS::S3::Bucket": "stored files",
    "AWS::ECR::Repository": "images",
    "AWS::Backup::BackupVault": "backups",
    "AWS::KMS::Key": "what it encrypts",
}
"""What is lost with a resource of each type."""

NEVER_SHRINKS = frozenset({"/Properties/AllocatedStorage"})
"""RDS gives no storage back."""

INTERRUPTS: Mapping[tuple[str, str], str] = {
    ("AWS::RDS::DBInstance", "DBInstanceClass"): "the database restarts and is away for some minutes",
    ("AWS::RDS::DBInstance", "EngineVersion"): "the database is upgraded and is away for some minutes",
    ("AWS::RDS::DBInstance", "MultiAZ"): "the database may answer slowly while its standby is made",
    ("AWS::ElastiCache::ReplicationGroup", "CacheNodeType"): "the cache changes its node and drops connections",
    ("AWS::ElastiCache::ReplicationGroup", "EngineVersion"): "the cache is upgraded and drops connections",
    ("AWS::ElastiCache::ReplicationGroup", "Engine"): "the cache changes its engine and drops connections",
}


@dataclass(frozen=True)
class Note:
    """Something that a change does beside what it is for."""

    stack: str
    resource: str
    text: str


def notes(stack: str, changes: Iterable[ResourceChange]) -> list[Note]:
    """What of a change interrupts service, or replaces something."""
    found = []
    for change in changes:
        if change.replaces:
            sure = "is replaced" if change.replacement == "True" else "may be replaced"
            found.append(Note(stack, change.name, f"{change.name} ({change.type}) {sure}"))
        if change.action != "Modify":
            continue
        for each in change.properties:
            text = INTERRUPTS.get((change.type, each.path.removeprefix("/Properties/")))
            if text is not None:
                found.append(Note(stack, change.name, f"{each.before} becomes {each.after}: {text}"))
    return found


def refuse_losses(stack: str, changes: Iterable[ResourceChange], *, allowed: Collection[str] = ()) -> None:
    """Refuse what takes data away.

    Args:
        allowed: Logical names of resources that may be replaced or removed.

    Raises:
        RefusedError: Storage would shrink, or something that holds data would be replaced or removed.
    """
    for change in changes:
        for each in change.properties:
            if each.path in NEVER_SHRINKS and _shrinks(each.before, each.after):
                raise RefusedError(
                    f"{stack}: the storage of {change.name} would shrink from {each.before} to {each.after} GB, which "
                    "AWS does not do and would lose data: keep its size, or move to a new database."
                )
        if change.type in STATEFUL and change.name not in allowed and (change.replaces or change.action == "Remove"):
            what = "removed" if change.action == "Remove" else "replaced"
            raise RefusedError(
                f"{stack}: {change.name} would be {what}, and {STATEFUL[change.type]} lost with it: undo the change, "
                f"or give --allow-replacement {change.name} when that is meant."
            )


def _shrinks(before: object, after: object) -> bool:
    if before is None or after is None or is_symbolic(before) or is_symbolic(after):
        return False
    return float(str(after)) < float(str(before))
