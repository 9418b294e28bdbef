"""Snapshots of the database, and instances restored from them beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from accunode_common.new_secrets import new_password
from accunode_infra.aws import code_of
from accunode_infra.errors import FailedError, RefusedError
from accunode_infra.release.site import Site, pages

LIMIT = timedelta(hours=2)
EVERY = 15.0


@dataclass(frozen=True)
class Snapshot:
    """A snapshot: its name, when it was taken, GiB, and whether RDS took it of its own accord."""

    name: str
    taken: datetime
    size: int
    automated: bool


def instance(site: Site) -> str:
    """The name of the environment's database.

    Raises:
        RefusedError: The data stack is not deployed.
    """
    return site.export("DatabaseInstance", of="data")


def listed(site: Site) -> list[Snapshot]:
    """The snapshots that can be restored, newest first."""
    found = pages(site.client("rds"), "describe_db_snapshots", "DBSnapshots", DBInstanceIdentifier=instance(site))
    ready = [each for each in found if each["Status"] == "available"]
    return sorted(
        (
            Snapshot(
                each["DBSnapshotIdentifier"],
                each["SnapshotCreateTime"],
                each["AllocatedStorage"],
                each["SnapshotType"] == "automated",
            )
            for each in ready
        ),
        key=lambda each: each.taken,
        reverse=True,
    )


def latest(site: Site) -> Snapshot:
    """The newest snapshot.

    Raises:
        RefusedError: There is none.
    """
    found = listed(site)
    if not found:
        raise RefusedError(f"{instance(site)} has no snapshot yet: `accunode-infra db snapshot` takes one.")
    return found[0]


def chosen(site: Site, name: str | None) -> Snapshot:
    """The snapshot of that name, or the newest.

    Raises:
        RefusedError: There is no such snapshot of this database.
    """
    if name is None:
        return latest(site)
    for each in listed(site):
        if each.name == name:
            return each
    raise RefusedError(f"{instance(site)} has no snapshot {name}: `accunode-infra db snapshots` lists those it has.")


def at(site: Site, moment: datetime) -> Snapshot:
    """A snapshot of the database as it was at a moment of the last days, made through an instance beside it.

    Raises:
        RefusedError: The backups do not reach there.
        FailedError: It is not ready in time.
    """
    known = site.client("rds").describe_db_instances(DBInstanceIdentifier=instance(site))["DBInstances"][0]
    if moment > known["LatestRestorableTime"]:
        raise RefusedError(f"The backups reach until {known['LatestRestorableTime']:%Y-%m-%d %H:%M:%S} UTC.")
    with restored_aside(site, moment, "moment") as restored:
        name = take(site, of=restored["DBInstanceIdentifier"])
    return Snapshot(name, moment, known["AllocatedStorage"], automated=False)


def take(site: Site, *, of: str | None = None) -> str:
    """Take a snapshot, of the database or of an instance beside it, and wait until it can be restored; gives its name.

    Raises:
        FailedError: It is not ready in time.
    """
    rds = site.client("rds")
    source = of or instance(site)
    name = f"{source}-{site.clock.now():%Y%m%d-%H%M%S}"
    rds.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier=source, Tags=_tags(site))

    def available() -> bool | None:
        found = rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0]
        return True if found["Status"] == "available" else None

    if site.until(available, limit=LIMIT, every=EVERY) is None:
        raise FailedError(
            f"The snapshot {name} is still being taken: `accunode-infra db snapshots` shows when it is done."
        )
    return name


@contextmanager
def restored_aside(site: Site, source: Snapshot | datetime, purpose: str) -> Iterator[dict[str, Any]]:
    """An instance made from a snapshot, or a moment, beside the database, deleted at the end, whatever happened.

    It is like the database (class, network, parameters), alone in one zone, and has an administrator's password of its
    own, `Password` in what is given.

    Raises:
        FailedError: It does not become available.
    """
    password = new_password()
    name = f"accunode-{site.name}-{purpose}-{site.clock.now():%Y%m%d%H%M%S}"
    try:
        yield _restore(site, source, name, password) | {"Password": password}
    finally:
        delete(site, name)


def _restore(site: Site, source: Snapshot | datetime, name: str, password: str) -> dict[str, Any]:
    rds = site.client("rds")
    like = rds.describe_db_instances(DBInstanceIdentifier=instance(site))["DBInstances"][0]
    alike = {
        "DBInstanceClass": like["DBInstanceClass"],
        "DBSubnetGroupName": like["DBSubnetGroup"]["DBSubnetGroupName"],
        "VpcSecurityGroupIds": [each["VpcSecurityGroupId"] for each in like["VpcSecurityGroups"]],
        "DBParameterGroupName": like["DBParameterGroups"][0]["DBParameterGroupName"],
        "MultiAZ": False,
        "PubliclyAccessible": False,
        "DeletionProtection": False,
        "Tags": _tags(site),
    }
    if isinstance(source, Snapshot):
        rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier=source.name, **alike)
    else:
        rds.restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier=instance(site), TargetDBInstanceIdentifier=name, RestoreTime=source, **alike
        )
    _available(site, name)
    rds.modify_db_instance(
        DBInstanceIdentifier=name, MasterUserPassword=password, BackupRetentionPeriod=0, ApplyImmediately=True
    )
    site.clock.sleep(EVERY)  # the change shows in the status a little later
    return _available(site, name)


def _available(site: Site, name: str) -> dict[str, Any]:
    rds = site.client("rds")

    def available() -> dict[str, Any] | None:
        found: dict[str, Any] = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        return found if found["DBInstanceStatus"] == "available" else None

    found = site.until(available, limit=LIMIT, every=EVERY)
    if found is None:
        raise FailedError(f"The restored instance {name} did not become available, and is deleted again.")
    return found


def delete(site: Site, name: str) -> None:
    """Delete an instance that was restored beside the database; one that is gone is no fault."""
    try:
        site.client("rds").delete_db_instance(
            DBInstanceIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True
        )
    except ClientError as error:
        if code_of(error) not in {"DBInstanceNotFound", "DBInstanceNotFoundFault", "InvalidDBInstanceState"}:
            raise


def remains(site: Site, purpose: str) -> list[str]:
    """Instances of an earlier run that was cut short before it could delete them."""
    prefix = f"accunode-{site.name}-{purpose}-"
    return [
        each["DBInstanceIdentifier"]
        for each in pages(site.client("rds"), "describe_db_instances", "DBInstances")
        if each["DBInstanceIdentifier"].startswith(prefix) and each["DBInstanceStatus"] != "deleting"
    ]


def _tags(site: Site) -> list[dict[str, str]]:
    return [{"Key": "Service", "Value": "data"}, {"Key": "Environment", "Value": site.name}]
