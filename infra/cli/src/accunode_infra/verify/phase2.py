"""Phase 2, database and cache."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from accunode_infra.release import oneoff
from accunode_infra.release.site import Site, pages
from accunode_infra.verify.model import Check, Fact

BACKUP_DAYS = 7


def database(site: Site) -> Iterator[Fact]:
    """The database runs in the data subnets, out of the internet's reach, encrypted."""
    instance = _instance(site)
    yield Fact(
        instance["DBInstanceStatus"] == "available",
        f"{instance['DBInstanceIdentifier']} is {instance['DBInstanceStatus']}",
    )
    yield Fact(not instance.get("PubliclyAccessible"), f"publicly accessible: {instance.get('PubliclyAccessible')}")
    yield Fact(bool(instance.get("StorageEncrypted")), f"storage encrypted: {instance.get('StorageEncrypted')}")
    wanted = set(site.export("DataSubnets", of="network").split(","))
    held = {each["SubnetIdentifier"] for each in instance["DBSubnetGroup"]["Subnets"]}
    yield Fact(held == wanted, f"in {', '.join(sorted(held))}")


def transport(site: Site) -> Iterator[Fact]:
    """The database refuses connections without TLS."""
    for group in _instance(site)["DBParameterGroups"]:
        name = group["DBParameterGroupName"]
        listed = pages(site.client("rds"), "describe_db_parameters", "Parameters", DBParameterGroupName=name)
        found = {each["ParameterName"]: each.get("ParameterValue") for each in listed}
        yield Fact(found.get("rds.force_ssl") == "1", f"{name}: rds.force_ssl is {found.get('rds.force_ssl')}")


def backups(site: Site) -> Iterator[Fact]:
    """A week of backups, and no deletion by accident."""
    instance = _instance(site)
    days = instance.get("BackupRetentionPeriod", 0)
    yield Fact(days >= BACKUP_DAYS, f"backups are kept {days} days")
    yield Fact(
        bool(instance.get("DeletionProtection")), f"protected against deletion: {instance.get('DeletionProtection')}"
    )


def cache(site: Site) -> Iterator[Fact]:
    """The cache runs, with TLS, a token, and encrypted."""
    name = site.export("CacheGroup", of="cache")
    group = site.client("elasticache").describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]
    yield Fact(group["Status"] == "available", f"{name} is {group['Status']}")
    for key, says in (
        ("TransitEncryptionEnabled", "TLS"),
        ("AuthTokenEnabled", "a token is asked for"),
        ("AtRestEncryptionEnabled", "encrypted at rest"),
    ):
        yield Fact(bool(group.get(key)), f"{says}: {group.get(key)}")


def look_inside(site: Site) -> None:
    """Run a task in the network that asks the database and the cache over TLS; what it sees is in its log.

    Raises:
        InfraError: The stacks that it runs on are not deployed, or it does not reach both.
    """
    key = f"look-{site.clock.now():%Y%m%d-%H%M%S}"
    oneoff.run(site, key, command=oneoff.REACH)


def connectivity(site: Site) -> Iterator[Fact]:
    """The last time something looked from inside: a SELECT and a PING over TLS."""
    since = int((site.clock.now() - timedelta(days=7)).timestamp() * 1000)
    found = pages(
        site.client("logs"),
        "filter_log_events",
        "events",
        logGroupName=site.parameter_name("migrate"),
        startTime=since,
        filterPattern='"reached"',
    )
    looks = [look for event in found if (look := _look(event["message"])) is not None]
    if not looks:
        yield Fact(
            None, "nothing has looked from inside within a week: `verify --phase 2 --inside` does, once nodes run"
        )
        return
    for server, told in looks[-1].items():
        yield Fact(bool(told.get("reached") and told.get("tls")), f"{server}: {json.dumps(told)}")


def _look(message: str) -> dict[str, Any] | None:
    try:
        found = json.loads(message)
    except ValueError:
        return None
    told = isinstance(found, dict) and all(isinstance(each, dict) and "reached" in each for each in found.values())
    return found if told else None


def objects(site: Site) -> Iterator[Fact]:
    """The bucket is private and encrypted."""
    bucket = site.export("ObjectsBucket", of="storage")
    s3 = site.client("s3")
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    yield Fact(all(blocked.values()), f"{bucket} is closed to the public: {all(blocked.values())}")
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    kinds = [rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in rules]
    yield Fact(bool(kinds), f"encrypted with {', '.join(kinds)}")


def _instance(site: Site) -> dict[str, Any]:
    name = site.export("DatabaseInstance", of="data")
    found: dict[str, Any] = site.client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
    return found


CHECKS = (
    Check("RDS accessible from the VPC, and from nowhere else", database),
    Check("RDS refuses connections without TLS", transport),
    Check("RDS is backed up", backups),
    Check("Redis operational", cache),
    Check("Database connectivity validated", connectivity),
    Check("Bucket of uploads and exports ready", objects),
)
