"""Lifts what keeps resources from being deleted: protections are there against slips, and a deletion hangs on them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from accunode_infra.aws import Session, explained
from accunode_infra.errors import FailedError, RefusedError
from accunode_infra.stackops.deleting import protect
from accunode_infra.stackops.standing import Standing

BATCH = 100


def resources(session: Session, stack: Standing) -> dict[str, list[str]]:
    """The physical ids of a stack's resources, by type."""
    pages = session.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack.id)
    found: dict[str, list[str]] = {}
    with explained():
        for page in pages:
            for each in page["StackResourceSummaries"]:
                if each.get("PhysicalResourceId") and each["ResourceStatus"] != "DELETE_COMPLETE":
                    found.setdefault(each["ResourceType"], []).append(each["PhysicalResourceId"])
    return found


def refuse_full_buckets(session: Session, stack: Standing) -> None:
    """Raises RefusedError when a bucket of the stack, that would be deleted with it, holds files."""
    kept = _retained(session, stack)
    for bucket in resources(session, stack).get("AWS::S3::Bucket", []):
        if bucket not in kept and next(_versions(session, bucket), None) is not None:
            raise RefusedError(
                f"The bucket {bucket} of {stack.name} holds files, and a full bucket cannot be deleted: move them, or "
                "give --empty-buckets to delete them."
            )


def unprotect(session: Session, stack: Standing, say: Callable[[str], None], *, empty_buckets: bool = False) -> None:
    """Lift every protection of a stack and of its resources."""
    found = resources(session, stack)
    with explained():
        if stack.protected:
            protect(session, stack.name, on=False)
        for arn in found.get("AWS::ECS::Service", []):
            _still(session, arn)
        for name in found.get("AWS::ECS::CapacityProvider", []):
            _let_instances_go(session, name)
        for name in found.get("AWS::AutoScaling::AutoScalingGroup", []):
            _unprotect_instances(session, name)
        for arn in found.get("AWS::ElasticLoadBalancingV2::LoadBalancer", []):
            session.client("elbv2").modify_load_balancer_attributes(
                LoadBalancerArn=arn, Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}]
            )
        for name in found.get("AWS::RDS::DBInstance", []):
            session.client("rds").modify_db_instance(
                DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True
            )
        if empty_buckets:
            for bucket in found.get("AWS::S3::Bucket", []):
                say(f"{bucket} is being emptied.")
                _empty(session, bucket)


def final_snapshots(session: Session, stack: Standing, say: Callable[[str], None]) -> list[str]:
    """Take a snapshot of each database of the stack, and wait for it; their names."""
    names = []
    client = session.client("rds")
    with explained():
        for database in resources(session, stack).get("AWS::RDS::DBInstance", []):
            name = f"{database}-final-{datetime.now(UTC):%Y%m%d%H%M%S}"
            say(f"The final snapshot {name} is being taken.")
            client.create_db_snapshot(DBInstanceIdentifier=database, DBSnapshotIdentifier=name)
            client.get_waiter("db_snapshot_available").wait(
                DBSnapshotIdentifier=name,
                WaiterConfig={"Delay": max(1, round(session.poll_seconds)), "MaxAttempts": 1200},
            )
            names.append(name)
    return names


def _still(session: Session, arn: str) -> None:
    """Let a service's tasks go: a protected one would be waited for up to two days."""
    ecs = session.client("ecs")
    cluster = arn.split("/")[-2]
    ecs.update_service(cluster=cluster, service=arn, desiredCount=0)
    name = arn.rpartition("/")[2]
    tasks = [
        task
        for page in ecs.get_paginator("list_tasks").paginate(cluster=cluster, serviceName=name)
        for task in page["taskArns"]
    ]
    for start in range(0, len(tasks), 10):
        ecs.update_task_protection(cluster=cluster, tasks=tasks[start : start + 10], protectionEnabled=False)


def _let_instances_go(session: Session, name: str) -> None:
    ecs = session.client("ecs")
    for found in ecs.describe_capacity_providers(capacityProviders=[name])["capacityProviders"]:
        if found.get("autoScalingGroupProvider", {}).get("managedTerminationProtection") == "ENABLED":
            ecs.update_capacity_provider(
                name=name, autoScalingGroupProvider={"managedTerminationProtection": "DISABLED"}
            )


def _unprotect_instances(session: Session, name: str) -> None:
    client = session.client("autoscaling")
    client.update_auto_scaling_group(AutoScalingGroupName=name, NewInstancesProtectedFromScaleIn=False)
    for group in client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]:
        held = [each["InstanceId"] for each in group["Instances"] if each.get("ProtectedFromScaleIn")]
        for start in range(0, len(held), 50):
            client.set_instance_protection(
                AutoScalingGroupName=name, InstanceIds=held[start : start + 50], ProtectedFromScaleIn=False
            )


def _versions(session: Session, bucket: str) -> Iterator[dict[str, Any]]:
    pages = session.client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket)
    for page in pages:
        for each in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            yield {"Key": each["Key"], "VersionId": each["VersionId"]}


def _empty(session: Session, bucket: str) -> None:
    client = session.client("s3")
    found = list(_versions(session, bucket))
    for start in range(0, len(found), BATCH):
        batch = {"Objects": found[start : start + BATCH], "Quiet": True}
        for error in client.delete_objects(Bucket=bucket, Delete=batch).get("Errors", []):
            raise FailedError(f"{error['Key']} of {bucket} cannot be deleted: {error['Message'].rstrip('.')}.")


def _retained(session: Session, stack: Standing) -> set[str]:
    """The physical ids of the resources that the template keeps when its stack is deleted."""
    from accunode_infra.planning import deployed_template

    template = deployed_template(session, stack.id)["Resources"]
    pages = session.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack.id)
    return {
        each["PhysicalResourceId"]
        for page in pages
        for each in page["StackResourceSummaries"]
        if template.get(each["LogicalResourceId"], {}).get("DeletionPolicy", "").startswith("Retain")
    }
