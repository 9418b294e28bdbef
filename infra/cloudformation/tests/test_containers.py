"""Every container: how it is shut in, how it shows that it lives, what it is told, and the room that its node has."""

from typing import Any

import pytest
from infra.cloudformation.tests.resolved import SIZES, of

from accunode_auth.settings import AuthSettings
from accunode_bulk_upload.settings import BulkUploadSettings
from accunode_common.environment import Concern, ProcessSettings, variables
from accunode_common.migrations.prepare import PrepareSettings
from accunode_common.reach import ReachSettings
from accunode_common.routing import SERVICES
from accunode_common.serve import ServeSettings
from accunode_common.settings import LogSettings
from accunode_infra.resolve import Resource
from accunode_infra.tiers import Tier, Variant
from accunode_ml.heartbeat import STALE_SECONDS
from accunode_ml.settings import RelaySettings, WorkerSettings
from accunode_predictions.settings import PredictionsSettings
from accunode_tenants.settings import TenantsSettings

SERVICE_STACKS = [f"service-{service.name}" for service in SERVICES]
STACKS = [*SERVICE_STACKS, "worker", "relay", "migrate"]
READ: dict[str, tuple[type[Concern] | type[ProcessSettings], ...]] = {
    "service-auth": (AuthSettings, ServeSettings),
    "service-tenants": (TenantsSettings, ServeSettings),
    "service-predictions": (PredictionsSettings, ServeSettings),
    "service-bulk-upload": (BulkUploadSettings, ServeSettings),
    "worker": (WorkerSettings,),
    "relay": (RelaySettings,),
    "migrate": (PrepareSettings, ReachSettings, LogSettings),
}
"""The settings that the process of each stack reads."""

NOT_OURS = {"AWS_REGION", "TMPDIR"}
SCHEDULABLE_MIB = 1_700
"""What a t3.small, of 2,048 MiB, has for tasks when its system, its agent and the 192 MiB of ECS_RESERVED_MEMORY are
taken off. Not measured on AWS."""


def task(stack: str, **given: str) -> Resource:
    """A stack's task definition; that of a service's blue slot."""
    return of(stack, **given).of_type("AWS::ECS::TaskDefinition")[0]


def container(stack: str, **given: str) -> dict[str, Any]:
    (only,) = task(stack, **given).properties["ContainerDefinitions"]
    return dict(only)


@pytest.mark.parametrize("stack", STACKS)
def test_a_container_is_shut_in(stack: str) -> None:
    found = container(stack)
    assert found["User"] == "10001:10001"
    assert found["ReadonlyRootFilesystem"] is True
    assert found["Privileged"] is False
    assert found["DockerSecurityOptions"] == ["no-new-privileges"]
    linux = found["LinuxParameters"]
    assert linux["Capabilities"] == {"Drop": ["ALL"]}
    assert linux["InitProcessEnabled"] is True
    (scratch,) = linux["Tmpfs"]
    assert scratch["ContainerPath"] == "/tmp"
    assert {"noexec", "nosuid", "nodev"} <= set(scratch["MountOptions"])


@pytest.mark.parametrize("stack", STACKS)
def test_a_container_writes_to_a_volume_of_its_own_and_reads_the_certificates_of_its_node(stack: str) -> None:
    volumes = {each["Name"]: each for each in task(stack).properties["Volumes"]}
    mounts = {each["ContainerPath"]: each for each in container(stack)["MountPoints"]}
    assert volumes["scratch"]["DockerVolumeConfiguration"]["Scope"] == "task"
    assert mounts["/var/lib/accunode"]["SourceVolume"] == "scratch"
    assert volumes["certificates"]["Host"] == {"SourcePath": "/etc/accunode"}
    assert (mounts["/etc/accunode"]["SourceVolume"], mounts["/etc/accunode"]["ReadOnly"]) == ("certificates", True)


@pytest.mark.parametrize("stack", [each for each in STACKS if each != "migrate"])
def test_a_container_that_stays_has_a_health_check(stack: str) -> None:
    check = container(stack)["HealthCheck"]
    if stack in SERVICE_STACKS:
        name = stack.removeprefix("service-")
        assert check["Command"] == ["CMD", "python", "-I", "-m", "accunode_common.probe", name, "/health"]
    else:
        kind, command = check["Command"]
        told = {each["Name"]: each["Value"] for each in container(stack)["Environment"]}
        assert kind == "CMD-SHELL"
        assert f"-newermt '{STALE_SECONDS:.0f} seconds ago'" in command
        assert "$ACCUNODE_HEARTBEAT_FILE" in command
        assert told["ACCUNODE_HEARTBEAT_FILE"].startswith("/tmp/")
    assert check["Timeout"] <= check["Interval"]
    assert check["StartPeriod"] > 0


@pytest.mark.parametrize("stack", STACKS)
def test_every_variable_is_one_that_the_process_reads(stack: str) -> None:
    found = container(stack, **({"Mail": "true"} if stack in {"service-auth", "service-tenants"} else {}))
    told = {each["Name"] for each in [*found["Environment"], *found["Secrets"]]}
    known = variables(*READ[stack])
    assert told - set(known) <= NOT_OURS
    assert {name for name, field in known.items() if field.is_required()} <= told


@pytest.mark.parametrize("stack", STACKS)
def test_secrets_are_read_from_the_path_of_their_reader_alone(stack: str) -> None:
    reader = stack.removeprefix("service-")
    path = f"arn:aws:ssm:us-east-1:111122223333:parameter/accunode/production/{reader}/"
    found = container(stack)
    assert found["Secrets"]
    assert all(each["ValueFrom"].startswith(path) for each in found["Secrets"])
    secret = {each["Name"] for each in found["Secrets"]}
    assert not secret & {each["Name"] for each in found["Environment"]}
    role = of(stack).resources["ExecutionRole"].properties
    (statements,) = [each["PolicyDocument"]["Statement"] for each in role["Policies"]]
    assert [each["Resource"] for each in statements if each["Action"] == "ssm:GetParameters"] == [f"{path}*"]


@pytest.mark.parametrize("stack", STACKS)
def test_logs_go_where_observability_keeps_them_and_never_hold_a_container_up(stack: str) -> None:
    logged = container(stack)["LogConfiguration"]
    groups = {each.properties["LogGroupName"] for each in of("observability").of_type("AWS::Logs::LogGroup")}
    assert logged["LogDriver"] == "awslogs"
    assert logged["Options"]["awslogs-group"] in groups
    assert (logged["Options"]["mode"], logged["Options"]["max-buffer-size"]) == ("non-blocking", "4m")
    assert logged["Options"]["awslogs-region"] == "us-east-1"


@pytest.mark.parametrize("stack", STACKS)
def test_a_process_may_end_in_its_own_time(stack: str) -> None:
    """A worker finishes what it does; a service, the requests under way."""
    seconds = container(stack)["StopTimeout"]
    if stack == "worker":
        assert seconds == 900
    elif stack in SERVICE_STACKS:
        assert seconds > ServeSettings.model_fields["drain_seconds"].default


def memory(stack: str, tier: Tier, variant: Variant) -> int:
    (only,) = of(stack, tier, variant).of_type("AWS::ECS::TaskDefinition")[0].properties["ContainerDefinitions"]
    assert only["MemoryReservation"] <= only["Memory"]
    return int(only["MemoryReservation"])


@pytest.mark.parametrize(("tier", "variant"), SIZES)
def test_a_node_of_the_api_has_room_for_every_service_the_relay_and_one_new_copy_at_a_time(
    tier: Tier, variant: Variant
) -> None:
    copies = [memory(stack, tier, variant) for stack in SERVICE_STACKS]
    steady = sum(copies) + memory("relay", tier, variant)
    assert steady + max(copies) <= SCHEDULABLE_MIB
    # Before it, the database is prepared.
    assert steady + memory("migrate", tier, variant) <= SCHEDULABLE_MIB


@pytest.mark.parametrize(("tier", "variant"), SIZES)
def test_a_node_of_the_workers_has_room_for_one_worker_and_no_second(tier: Tier, variant: Variant) -> None:
    reserved = memory("worker", tier, variant)
    assert SCHEDULABLE_MIB / 2 < reserved <= SCHEDULABLE_MIB


@pytest.mark.parametrize(("tier", "variant"), SIZES)
def test_the_processors_of_a_node_suffice_for_what_is_reserved(tier: Tier, variant: Variant) -> None:
    def cpu(stack: str) -> int:
        (only,) = of(stack, tier, variant).of_type("AWS::ECS::TaskDefinition")[0].properties["ContainerDefinitions"]
        return int(only["Cpu"])

    copies = [cpu(stack) for stack in SERVICE_STACKS]
    assert sum(copies) + max(copies) + cpu("relay") + cpu("migrate") <= 2 * 1024
    assert cpu("worker") <= 2 * 1024


def connections(stack: str, tier: Tier, variant: Variant) -> int:
    (only,) = of(stack, tier, variant).of_type("AWS::ECS::TaskDefinition")[0].properties["ContainerDefinitions"]
    told = {each["Name"]: each["Value"] for each in only["Environment"]}
    known = variables(*READ[stack])
    size, overflow = (
        int(told.get(name, known[name].default))
        for name in ("ACCUNODE_DATABASE_POOL_SIZE", "ACCUNODE_DATABASE_POOL_OVERFLOW")
    )
    return size + overflow


@pytest.mark.parametrize(("tier", "variant"), SIZES)
def test_the_largest_fleet_takes_at_most_four_fifths_of_the_connections_of_the_database(
    tier: Tier, variant: Variant
) -> None:
    of_service = {
        stack: int(of(stack, tier, variant).parameters["MaxCount"]) * connections(stack, tier, variant)
        for stack in SERVICE_STACKS
    }
    worker = of("worker", tier, variant).parameters
    of_workers = worker["MaxCount"] * worker["Concurrency"] * connections("worker", tier, variant)
    # One service at a time has both its slots up; the relay has one connection, and so has what prepares the database.
    largest = sum(of_service.values()) + max(of_service.values()) + of_workers + 2
    (group,) = of("data", tier, variant).of_type("AWS::RDS::DBParameterGroup")
    assert largest <= 0.8 * int(group.properties["Parameters"]["max_connections"])
