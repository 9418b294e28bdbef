"""Database, cache, files and backups: the requirements' numbers, and that nothing is lost by a change."""

import json
from typing import Any

import pytest
from infra.cloudformation.tests import resolved
from infra.cloudformation.tests.alarms import alarm, rule

from accunode_common.db.server import rds_parameters
from accunode_common.routing import SERVICES
from accunode_infra import stacks, templates
from accunode_infra.tiers import Tier, Variant
from accunode_ml.settings import WorkerDatabaseSettings

CLASSES = {Tier.STARTUP: "micro", Tier.GROWTH: "small", Tier.SCALE: "medium"}
DISKS = {Tier.STARTUP: 20, Tier.GROWTH: 50, Tier.SCALE: 100}
GIB = 1024**3
MEMORY = {"micro": 1 * GIB, "small": 2 * GIB, "medium": 4 * GIB}
BYTES_PER_CONNECTION = 9_531_392
"""RDS's own default for PostgreSQL: max_connections = memory / 9531392."""

STATEFUL = {
    "AWS::RDS::DBInstance": "Snapshot",
    "AWS::S3::Bucket": "Retain",
    "AWS::Backup::BackupVault": "Retain",
    "AWS::ElastiCache::ReplicationGroup": "Delete",
    "AWS::ECR::Repository": "Delete",
    "AWS::KMS::Key": "Delete",
    "AWS::Logs::LogGroup": "Delete",
}


def database(**given: str) -> dict[str, Any]:
    return resolved.one("data", "AWS::RDS::DBInstance", **given)


@pytest.mark.parametrize("kind", STATEFUL)
def test_what_holds_state_says_what_becomes_of_it(kind: str) -> None:
    found = [each for each in resolved.resources(kind) if each.resource.type == kind]
    assert found
    for each in found:
        policies = {each.resource.attributes.get(name) for name in ("DeletionPolicy", "UpdateReplacePolicy")}
        assert policies == {STATEFUL[kind]}, each.where


@pytest.mark.parametrize(("tier", "variant"), resolved.SIZES)
def test_the_database_has_the_size_of_the_requirements(tier: Tier, variant: Variant) -> None:
    properties = resolved.of("data", tier, variant).resources["Database"].properties
    family = "t3" if variant is Variant.BRIEF else "t4g"
    assert properties["DBInstanceClass"] == f"db.{family}.{CLASSES[tier]}"
    assert properties["AllocatedStorage"] == DISKS[tier]
    assert properties["MaxAllocatedStorage"] > properties["AllocatedStorage"] * 1.1


def test_the_database_is_postgresql_18_encrypted_private_and_backed_up_for_seven_days() -> None:
    properties = database()
    assert (properties["Engine"], properties["EngineVersion"]) == ("postgres", "18")
    assert properties["StorageEncrypted"] is True
    assert properties["PubliclyAccessible"] is False
    assert properties["BackupRetentionPeriod"] == 7
    assert properties["CopyTagsToSnapshot"] is True
    assert properties["DeletionProtection"] == "true"
    assert properties["AutoMinorVersionUpgrade"] is True
    assert properties["MultiAZ"] == "false"


def test_a_standby_is_one_parameter() -> None:
    assert database(MultiAz="true")["MultiAZ"] == "true"


@pytest.mark.parametrize(("seconds", "roles"), [("0", 0), ("60", 1)])
def test_enhanced_monitoring_brings_the_role_that_it_needs(seconds: str, roles: int) -> None:
    stack = resolved.of("data", EnhancedMonitoringSeconds=seconds)
    assert len(stack.of_type("AWS::IAM::Role")) == roles
    assert ("MonitoringRoleArn" in stack.resources["Database"].properties) == bool(roles)


def test_a_restored_database_repeats_nothing_that_its_snapshot_has() -> None:
    properties = database(SnapshotIdentifier="rds:accunode-production-1-2026-11-26", Generation="2")
    assert properties["DBSnapshotIdentifier"] == "rds:accunode-production-1-2026-11-26"
    assert not {"DBName", "MasterUsername", "StorageEncrypted"} & set(properties)
    assert properties["DBInstanceIdentifier"] == "accunode-production-2"


def test_the_database_s_settings() -> None:
    group = resolved.one("data", "AWS::RDS::DBParameterGroup")
    assert group["Family"] == "postgres18"
    settings = dict(group["Parameters"])
    assert settings.pop("max_connections") == resolved.of("data").parameters["MaxConnections"]
    assert settings == rds_parameters()
    assert settings["rds.force_ssl"] == "1"
    assert settings["log_min_duration_statement"] == "50"
    assert settings["shared_preload_libraries"] == "pg_stat_statements"
    assert settings["log_parameter_max_length"] == "0"


@pytest.mark.parametrize("stack", ["data", "cache"])
def test_passwords_are_looked_up_in_the_parameter_store_and_written_nowhere(stack: str) -> None:
    text = json.dumps([each.properties for each in resolved.of(stack).resources.values()])
    name = {"data": "data/master-password", "cache": "cache/auth-token"}[stack]
    assert f'"{{{{resolve:ssm-secure:/accunode/production/{name}}}}}"' in text
    declared = templates.load(stack)["Parameters"]
    assert not [parameter for parameter in declared if "password" in parameter.lower() or "token" in parameter.lower()]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CpuAlarm", ("GreaterThanThreshold", 80, 60, 5, 5, "breaching")),
        ("ConnectionsAlarm", ("GreaterThanThreshold", 80, 60, 5, 5, "notBreaching")),
        ("StorageAlarm", ("LessThanThreshold", 15, 60, 5, 5, "notBreaching")),
        ("MemoryAlarm", ("LessThanThreshold", 64 * 1024**2, 60, 5, 5, "notBreaching")),
        ("CreditAlarm", ("LessThanThreshold", 20, 300, 2, 2, "notBreaching")),
        ("BurstAlarm", ("LessThanThreshold", 20, 300, 2, 2, "notBreaching")),
    ],
)
def test_the_database_s_alarms(name: str, expected: tuple[Any, ...]) -> None:
    assert rule(alarm(resolved.of("data"), name)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CpuAlarm", ("GreaterThanThreshold", 80, 60, 5, 5, "breaching")),
        ("MemoryAlarm", ("GreaterThanThreshold", 75, 60, 5, 5, "notBreaching")),
        ("EvictionsAlarm", ("GreaterThanThreshold", 0, 60, 1, 1, "notBreaching")),
        ("CreditAlarm", ("LessThanThreshold", 20, 300, 2, 2, "notBreaching")),
    ],
)
def test_the_cache_s_alarms(name: str, expected: tuple[Any, ...]) -> None:
    assert rule(alarm(resolved.of("cache"), name)) == expected


def test_the_cache_s_alarms_watch_a_second_node_when_there_is_one() -> None:
    def nodes(**given: str) -> list[str]:
        metrics = alarm(resolved.of("cache", **given), "CpuAlarm")["Metrics"]
        return [
            each["MetricStat"]["Metric"]["Dimensions"][0]["Value"]["Fn::Sub"]
            for each in metrics
            if "MetricStat" in each
        ]

    assert nodes() == ["${Cache}-001"]
    assert nodes(Nodes="2") == ["${Cache}-001", "${Cache}-002"]


@pytest.mark.parametrize(("tier", "variant"), resolved.SIZES)
def test_the_cache_has_the_size_of_the_requirements(tier: Tier, variant: Variant) -> None:
    cache = resolved.of("cache", tier, variant)
    family, engine = ("t3", "redis") if variant is Variant.BRIEF else ("t4g", "valkey")
    properties = cache.resources["Cache"].properties
    assert properties["CacheNodeType"] == f"cache.{family}.{CLASSES[tier]}"
    assert properties["Engine"] == engine
    group = cache.resources["ParameterGroup"].properties
    assert group["CacheParameterGroupFamily"].startswith(engine)
    assert group["CacheParameterGroupFamily"].removeprefix(engine) == properties["EngineVersion"].split(".")[0]


def test_the_cache_is_encrypted_at_rest_and_on_the_way_and_drops_no_accepted_work() -> None:
    properties = resolved.one("cache", "AWS::ElastiCache::ReplicationGroup")
    assert properties["AtRestEncryptionEnabled"] is True
    assert (properties["TransitEncryptionEnabled"], properties["TransitEncryptionMode"]) == (True, "required")
    assert "AuthToken" in properties
    settings = resolved.one("cache", "AWS::ElastiCache::ParameterGroup")["Properties"]
    assert settings["maxmemory-policy"] == "noeviction"


@pytest.mark.parametrize(("nodes", "failover"), [("1", False), ("2", True)])
def test_a_second_node_takes_over(nodes: str, failover: bool) -> None:
    properties = resolved.one("cache", "AWS::ElastiCache::ReplicationGroup", Nodes=nodes)
    assert (properties["AutomaticFailoverEnabled"], properties["MultiAZEnabled"]) == (failover, failover)


@pytest.mark.parametrize(("tier", "variant"), resolved.SIZES)
def test_all_pools_together_take_at_most_four_fifths_of_the_database_s_connections(
    tier: Tier, variant: Variant
) -> None:
    """With every fleet at its maximum, and one service twice, as while it is deployed."""

    def taken(name: str) -> dict[str, Any]:
        return resolved.of(name, tier, variant).parameters

    services = [taken(f"service-{service.name}") for service in SERVICES]
    of_services = [each["MaxCount"] * each["PoolSize"] for each in services]
    worker = taken("worker")
    process = sum(WorkerDatabaseSettings.model_fields[f"pool_{part}"].default for part in ("size", "overflow"))
    relay_and_migration = 2
    workers = worker["MaxCount"] * worker["Concurrency"] * process
    most = sum(of_services) + max(of_services) + workers + relay_and_migration
    limit = resolved.of("data", tier, variant).parameters["MaxConnections"]
    assert most <= 0.8 * limit
    assert limit <= MEMORY[CLASSES[tier]] / BYTES_PER_CONNECTION


def test_files_are_private_encrypted_and_deleted_for_good_after_a_while() -> None:
    bucket = resolved.one("storage", "AWS::S3::Bucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    rules = {key: value for each in bucket["LifecycleConfiguration"]["Rules"] for key, value in each.items()}
    assert rules["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert rules["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}
    assert "ExpirationInDays" not in rules, "which files are kept is the product's to say"


@pytest.mark.parametrize("stack", ["storage", "bootstrap"])
def test_no_bucket_answers_without_tls(stack: str) -> None:
    policy = resolved.one(stack, "AWS::S3::BucketPolicy")["PolicyDocument"]
    denied = [each for each in policy["Statement"] if each["Effect"] == "Deny" and each["Principal"] == "*"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in [each["Condition"] for each in denied]


def test_each_day_a_recovery_point_is_kept_for_longer_than_the_database_s_own() -> None:
    plan = resolved.one("backup", "AWS::Backup::BackupPlan")["BackupPlan"]
    (daily,) = plan["BackupPlanRule"]
    assert daily["ScheduleExpression"] == "cron(0 6 * * ? *)"
    assert daily["Lifecycle"]["DeleteAfterDays"] > database()["BackupRetentionPeriod"]
    assert "CopyActions" not in daily


def test_recovery_points_are_copied_to_another_region_when_a_vault_is_named() -> None:
    vault = "arn:aws:backup:us-west-2:111122223333:backup-vault:accunode"
    plan = resolved.one("backup", "AWS::Backup::BackupPlan", CopyVaultArn=vault)["BackupPlan"]
    assert plan["BackupPlanRule"][0]["CopyActions"][0]["DestinationBackupVaultArn"] == vault


@pytest.mark.parametrize("image", ["auth", "tenants", "predictions", "bulk-upload", "worker"])
def test_each_image_has_a_repository_that_keeps_twenty_scans_each_and_replaces_no_tag(image: str) -> None:
    repositories = {each.properties["RepositoryName"]: each.properties for each in resolved.resources("AWS::ECR::")}
    found = repositories[f"accunode/{image}"]
    assert found["ImageTagMutability"] == "IMMUTABLE"
    assert found["ImageScanningConfiguration"] == {"ScanOnPush": True}
    rules = json.loads(found["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert [each["selection"]["countNumber"] for each in rules] == [1, 20]
    assert len(repositories) == 5
    assert len([each for each in stacks.STACKS if each.template == "registry"]) == 1


@pytest.mark.parametrize("generation", ["1", "2"])
def test_backups_and_pages_name_the_database_without_holding_its_name_fast(generation: str) -> None:
    name = database(Generation=generation)["DBInstanceIdentifier"]
    for stack in ("backup", "dashboards"):
        found = repr([each.properties for each in resolved.of(stack, Generation=generation).resources.values()])
        assert name in found
        assert "DatabaseInstance" not in found
