"""Types that hold data, and who may reach it."""

import json
from typing import Any

from infra.cli.tests.emulator.kinds import Made, Place, Properties, call, kind, noted, simple


@kind(
    "AWS::RDS::DBInstance",
    replaces="DBInstanceIdentifier Engine StorageEncrypted DBSubnetGroupName DBName MasterUsername",
)
class Database:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        given = {"DBInstanceIdentifier": place.generated(63), **properties}
        made = call(place, "rds", "create_db_instance", given)["DBInstance"]
        endpoint = made["Endpoint"]
        attributes = {
            "Endpoint.Address": endpoint["Address"],
            "Endpoint.Port": str(endpoint["Port"]),
            "DBInstanceArn": made["DBInstanceArn"],
            "DbiResourceId": made["DbiResourceId"],
        }
        return Made(made["DBInstanceIdentifier"], attributes, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        changed = {
            key: value for key, value in properties.items() if made.properties.get(key) != value and key != "Tags"
        }
        if changed:
            given = {**changed, "DBInstanceIdentifier": made.id, "ApplyImmediately": True}
            call(place, "rds", "modify_db_instance", given)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        client = place.client("rds")
        found = client.describe_db_instances(DBInstanceIdentifier=made.id)["DBInstances"][0]
        if found.get("DeletionProtection"):
            raise LookupError("Cannot delete protected DB Instance, please disable deletion protection and try again.")
        client.delete_db_instance(DBInstanceIdentifier=made.id, SkipFinalSnapshot=True)


# Moto takes the group away with the instance that was in it.
simple("AWS::RDS::DBSubnetGroup", "rds", "create_db_subnet_group", "DBSubnetGroup.DBSubnetGroupName",
       name="DBSubnetGroupName", update="modify_db_subnet_group", key="DBSubnetGroupName")  # fmt: skip


@kind("AWS::RDS::DBParameterGroup", replaces="Family DBParameterGroupName")
class DatabaseParameters:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        name = properties.get("DBParameterGroupName", place.generated())
        given = {"DBParameterGroupName": name, "DBParameterGroupFamily": properties["Family"], **properties}
        call(place, "rds", "create_db_parameter_group", given)
        made = Made(name, {}, properties)
        DatabaseParameters.update(place, made, properties)
        return made

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        values = [
            {"ParameterName": key, "ParameterValue": str(value), "ApplyMethod": "pending-reboot"}
            for key, value in properties.get("Parameters", {}).items()
        ]
        if values:
            place.client("rds").modify_db_parameter_group(DBParameterGroupName=made.id, Parameters=values)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("rds").delete_db_parameter_group(DBParameterGroupName=made.id)


simple("AWS::RDS::EventSubscription", "rds", "create_event_subscription", "EventSubscription.CustSubscriptionId",
       name="SubscriptionName", delete="delete_event_subscription", key="SubscriptionName")  # fmt: skip

simple("AWS::ElastiCache::SubnetGroup", "elasticache", "create_cache_subnet_group",
       "CacheSubnetGroup.CacheSubnetGroupName", name="CacheSubnetGroupName",
       rename={"Description": "CacheSubnetGroupDescription"})  # fmt: skip
noted("AWS::ElastiCache::ParameterGroup", "elasticache:parametergroup:NAME", attributes=("CacheParameterGroupName",))


@kind(
    "AWS::ElastiCache::ReplicationGroup", replaces="ReplicationGroupId AtRestEncryptionEnabled TransitEncryptionEnabled"
)
class Cache:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        given = {"ReplicationGroupId": place.generated(40), **properties}
        made = call(place, "elasticache", "create_replication_group", given)["ReplicationGroup"]
        host = f"master.{made['ReplicationGroupId']}.cache.example.com"
        attributes = {
            "PrimaryEndPoint.Address": host,
            "PrimaryEndPoint.Port": str(properties.get("Port", 6379)),
            "ReaderEndPoint.Address": host.replace("master", "replica"),
        }
        return Made(made["ReplicationGroupId"], attributes, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        changed = {key: value for key, value in properties.items() if made.properties.get(key) != value}
        if changed:
            given = {**changed, "ReplicationGroupId": made.id, "ApplyImmediately": True}
            call(place, "elasticache", "modify_replication_group", given)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("elasticache").delete_replication_group(ReplicationGroupId=made.id)


@kind("AWS::S3::Bucket", replaces="BucketName")
class Bucket:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        name = properties.get("BucketName", place.generated(63).lower())
        client = place.client("s3")
        client.create_bucket(Bucket=name)
        made = Made(name, {"Arn": f"arn:aws:s3:::{name}", "DomainName": f"{name}.s3.amazonaws.com",
                           "RegionalDomainName": f"{name}.s3.{place.region}.amazonaws.com"}, properties)  # fmt: skip
        Bucket.update(place, made, properties)
        return made

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        client = place.client("s3")
        if "Tags" in properties:
            client.put_bucket_tagging(Bucket=made.id, Tagging={"TagSet": properties["Tags"]})
        if "VersioningConfiguration" in properties:
            client.put_bucket_versioning(Bucket=made.id, VersioningConfiguration=properties["VersioningConfiguration"])
        if "PublicAccessBlockConfiguration" in properties:
            flags = {
                key: value in (True, "true") for key, value in properties["PublicAccessBlockConfiguration"].items()
            }
            client.put_public_access_block(Bucket=made.id, PublicAccessBlockConfiguration=flags)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("s3").delete_bucket(Bucket=made.id)


def document(properties: Properties, key: str = "PolicyDocument") -> str:
    value = properties[key]
    return value if isinstance(value, str) else json.dumps(value)


@kind("AWS::S3::BucketPolicy", replaces="Bucket")
class BucketPolicy:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        place.client("s3").put_bucket_policy(Bucket=properties["Bucket"], Policy=document(properties))
        return Made(properties["Bucket"], {}, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        BucketPolicy.create(place, properties)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("s3").delete_bucket_policy(Bucket=made.id)


@kind("AWS::ECR::Repository", replaces="RepositoryName")
class Repository:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        made = call(place, "ecr", "create_repository", properties)["repository"]
        Repository.update(place, Made(made["repositoryName"]), properties)
        attributes = {"Arn": made["repositoryArn"], "RepositoryUri": made["repositoryUri"]}
        return Made(made["repositoryName"], attributes, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        text = properties.get("LifecyclePolicy", {}).get("LifecyclePolicyText")
        if text is not None:
            place.client("ecr").put_lifecycle_policy(repositoryName=made.id, lifecyclePolicyText=text)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("ecr").delete_repository(repositoryName=made.id, force=False)


@kind("AWS::KMS::Key")
class Key:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        given = {key: value for key, value in properties.items() if key in {"Description", "KeyUsage", "KeySpec"}}
        made = place.client("kms").create_key(**given, Policy=document(properties, "KeyPolicy"))["KeyMetadata"]
        return Made(made["KeyId"], {"Arn": made["Arn"], "KeyId": made["KeyId"]}, properties)

    update = staticmethod(lambda *_: None)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("kms").schedule_key_deletion(KeyId=made.id, PendingWindowInDays=30)


simple("AWS::KMS::Alias", "kms", "create_alias", "=AliasName", delete="delete_alias", key="AliasName",
       replaces="AliasName")  # fmt: skip
simple("AWS::Backup::BackupVault", "backup", "create_backup_vault", "BackupVaultName",
       attributes={"BackupVaultName": "BackupVaultName", "BackupVaultArn": "BackupVaultArn"},
       delete="delete_backup_vault", key="BackupVaultName", rename={"BackupVaultTags": "BackupVaultTags"})  # fmt: skip


@kind("AWS::Backup::BackupPlan")
class BackupPlan:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        plan = properties["BackupPlan"]
        rules = [
            {"RuleName": rule["RuleName"], "TargetBackupVaultName": rule["TargetBackupVault"]}
            for rule in plan["BackupPlanRule"]
        ]
        given = {"BackupPlanName": plan["BackupPlanName"], "Rules": rules}
        made = place.client("backup").create_backup_plan(BackupPlan=given)
        return Made(made["BackupPlanId"], {"BackupPlanId": made["BackupPlanId"]}, properties)

    update = staticmethod(lambda *_: None)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("backup").delete_backup_plan(BackupPlanId=made.id)


noted("AWS::Backup::BackupSelection", "backup:selection:NAME")


@kind("AWS::SSM::Parameter", replaces="Name")
class Parameter:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        given = {**properties, "Name": properties.get("Name", place.generated()), "Overwrite": False}
        given.pop("Tags", None)
        call(place, "ssm", "put_parameter", given)
        return Made(given["Name"], {"Value": properties["Value"], "Type": properties["Type"]}, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        given = {**properties, "Name": made.id, "Overwrite": True}
        given.pop("Tags", None)
        call(place, "ssm", "put_parameter", given)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("ssm").delete_parameter(Name=made.id)


@kind("AWS::IAM::Role", replaces="RoleName Path")
class Role:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        given: dict[str, Any] = {
            **properties,
            "RoleName": properties.get("RoleName", place.generated(64)),
            "AssumeRolePolicyDocument": document(properties, "AssumeRolePolicyDocument"),
        }
        made = call(place, "iam", "create_role", given)["Role"]
        Role._policies(place, made["RoleName"], properties)
        return Made(made["RoleName"], {"Arn": made["Arn"], "RoleId": made["RoleId"]}, properties)

    @staticmethod
    def _policies(place: Place, name: str, properties: Properties) -> None:
        for policy in properties.get("Policies", []):
            place.client("iam").put_role_policy(
                RoleName=name, PolicyName=policy["PolicyName"], PolicyDocument=document(policy)
            )
        for arn in properties.get("ManagedPolicyArns", []):
            place.client("iam").attach_role_policy(RoleName=name, PolicyArn=arn)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        Role._policies(place, made.id, properties)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        client = place.client("iam")
        for policy in client.list_role_policies(RoleName=made.id)["PolicyNames"]:
            client.delete_role_policy(RoleName=made.id, PolicyName=policy)
        for policy in client.list_attached_role_policies(RoleName=made.id)["AttachedPolicies"]:
            client.detach_role_policy(RoleName=made.id, PolicyArn=policy["PolicyArn"])
        client.delete_role(RoleName=made.id)


@kind("AWS::IAM::RolePolicy", replaces="RoleName PolicyName")
class RolePolicy:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        place.client("iam").put_role_policy(
            RoleName=properties["RoleName"], PolicyName=properties["PolicyName"], PolicyDocument=document(properties)
        )
        return Made(f"{properties['PolicyName']}|{properties['RoleName']}", {}, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        RolePolicy.create(place, properties)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        policy, role = made.id.split("|")
        place.client("iam").delete_role_policy(RoleName=role, PolicyName=policy)


@kind("AWS::IAM::ManagedPolicy", replaces="ManagedPolicyName Path Description")
class ManagedPolicy:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        made = place.client("iam").create_policy(
            PolicyName=properties.get("ManagedPolicyName", place.generated()), PolicyDocument=document(properties)
        )["Policy"]
        for role in properties.get("Roles", []):
            place.client("iam").attach_role_policy(RoleName=role, PolicyArn=made["Arn"])
        return Made(made["Arn"], {"PolicyArn": made["Arn"]}, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        place.client("iam").create_policy_version(
            PolicyArn=made.id, PolicyDocument=document(properties), SetAsDefault=True
        )

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        client = place.client("iam")
        for role in client.list_entities_for_policy(PolicyArn=made.id)["PolicyRoles"]:
            client.detach_role_policy(RoleName=role["RoleName"], PolicyArn=made.id)
        for version in client.list_policy_versions(PolicyArn=made.id)["Versions"]:
            if not version["IsDefaultVersion"]:
                client.delete_policy_version(PolicyArn=made.id, VersionId=version["VersionId"])
        client.delete_policy(PolicyArn=made.id)


@kind("AWS::IAM::InstanceProfile", replaces="InstanceProfileName Path")
class InstanceProfile:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        name = properties.get("InstanceProfileName", place.generated())
        client = place.client("iam")
        arn = client.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"]
        for role in properties["Roles"]:
            client.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
        return Made(name, {"Arn": arn}, properties)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        client = place.client("iam")
        for role in made.properties["Roles"]:
            client.remove_role_from_instance_profile(InstanceProfileName=made.id, RoleName=role)
        client.delete_instance_profile(InstanceProfileName=made.id)


simple("AWS::IAM::OIDCProvider", "iam", "create_open_id_connect_provider", "OpenIDConnectProviderArn",
       attributes={"Arn": "OpenIDConnectProviderArn"}, delete="delete_open_id_connect_provider",
       key="OpenIDConnectProviderArn")  # fmt: skip
noted("AWS::IAM::ServiceLinkedRole", "iam:role/NAME", attributes=("RoleName",))
