"""What keeps data costs: database, cache, buckets, backups, images, keys."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from accunode_infra.cost.model import Category, Context, Pricer, Resource, Use
from accunode_infra.cost.prices import decimal
from accunode_infra.errors import RefusedError


def database(resource: Resource, context: Context) -> Iterable[Use]:
    """An RDS instance; a standby in another zone doubles instance and storage."""
    properties = resource.properties
    kind = properties["DBInstanceClass"]
    copies = 2 if _true(properties.get("MultiAZ")) else 1
    hours = context.hours * copies
    where = f"{kind}{', two zones' if copies == 2 else ''}"
    allocated = decimal(properties["AllocatedStorage"])
    storage = properties.get("StorageType", "gp2")
    yield Use(f"rds.{properties['Engine']}.{kind}", hours, where, Category.DATABASE, steady=hours)
    yield Use(f"rds.{storage}", allocated * copies, "database storage", Category.DATABASE)
    if decimal(properties.get("BackupRetentionPeriod", 1)) > 0:
        beyond = max(context.usage["rds_backup_gb"] - allocated, Decimal(0))
        yield Use("rds.backup", beyond, "database backups beyond the allocated storage", Category.STORAGE)


def cache(resource: Resource, context: Context) -> Iterable[Use]:
    """A replication group: every node by the hour."""
    properties = resource.properties
    kind = properties["CacheNodeType"]
    groups = decimal(properties.get("NumNodeGroups", 1))
    nodes = decimal(
        properties.get("NumCacheClusters", groups * (1 + decimal(properties.get("ReplicasPerNodeGroup", 0))))
    )
    hours = nodes * context.hours
    engine = properties.get("Engine", "redis")
    yield Use(f"elasticache.{engine}.{kind}", hours, f"{kind}, {engine}", Category.CACHE, steady=hours)
    if decimal(properties.get("SnapshotRetentionLimit", 0)) > 1:
        yield Use("elasticache.backup", context.usage["cache_backup_gb"], "cache snapshots", Category.STORAGE)


def bucket(resource: Resource, context: Context) -> Iterable[Use]:
    """An S3 bucket: that of uploads and exports, or that of deployment artefacts."""
    if resource.stack != "storage":
        yield Use("s3.gb", context.usage["artefacts_gb"], f"bucket of {resource.stack}", Category.STORAGE)
        return
    yield Use("s3.gb", context.usage["objects_gb"], "objects", Category.STORAGE)
    yield Use("s3.writes", context.usage["object_writes"], "writes of objects", Category.STORAGE)
    yield Use("s3.reads", context.usage["object_reads"], "reads of objects", Category.STORAGE)


def repository(_: Resource, context: Context) -> Iterable[Use]:
    """An image repository: its share of what all of them hold."""
    shared = context.usage["images_gb"] / len(context.of_type("AWS::ECR::Repository"))
    yield Use("ecr.gb", shared, "images", Category.REGISTRY)


def vault(_: Resource, context: Context) -> Iterable[Use]:
    """A backup vault."""
    yield Use("backup.rds", context.usage["vault_gb"], "copies of the backup plan", Category.STORAGE)


def key(_: Resource, __: Context) -> Iterable[Use]:
    """A key of our own."""
    yield Use("kms.key", Decimal(1), "keys", Category.OTHER, steady=Decimal(0))


def secret(_: Resource, __: Context) -> Iterable[Use]:
    """A secret of Secrets Manager."""
    yield Use("secretsmanager.secret", Decimal(1), "secrets", Category.OTHER)


def parameter(resource: Resource, _: Context) -> Iterable[Use]:
    """A standard parameter costs nothing.

    Raises:
        RefusedError: It is of another tier.
    """
    tier = resource.properties.get("Tier", "Standard")
    if tier != "Standard":
        raise RefusedError(
            f"The parameter {resource.name} of the stack {resource.stack} is of the tier {tier}: price it."
        )
    return ()


def _true(value: object) -> bool:
    return str(value).lower() == "true"


PRICERS: Mapping[str, Pricer] = {
    "AWS::Backup::BackupVault": vault,
    "AWS::ECR::Repository": repository,
    "AWS::ElastiCache::ReplicationGroup": cache,
    "AWS::KMS::Key": key,
    "AWS::RDS::DBInstance": database,
    "AWS::S3::Bucket": bucket,
    "AWS::SSM::Parameter": parameter,
    "AWS::SecretsManager::Secret": secret,
}
