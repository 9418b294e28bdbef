"""A task definition becomes a container with all that it says, or is refused; rules become a balancer's."""

import re
from typing import Any

import pytest
from tests.infra.balancer import Listeners, Rule, configuration, rule
from tests.infra.containers import NotRenderedError, rendered

CONTAINER: dict[str, Any] = {
    "Name": "auth",
    "Image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/accunode/auth@sha256:0123",
    "Environment": [{"Name": "ACCUNODE_ENVIRONMENT", "Value": "production"}],
    "Secrets": [{"Name": "ACCUNODE_REDIS_URL", "ValueFrom": "/accunode/production/auth/redis-url"}],
    "User": "10001",
    "ReadonlyRootFilesystem": True,
    "Memory": 384,
    "MemoryReservation": 192,
    "StopTimeout": 30,
    "LinuxParameters": {
        "InitProcessEnabled": True,
        "Capabilities": {"Drop": ["ALL"]},
        "Tmpfs": [{"ContainerPath": "/tmp", "Size": 64, "MountOptions": ["noexec"]}],
    },
    "MountPoints": [{"SourceVolume": "scratch", "ContainerPath": "/var/lib/accunode"}],
    "PortMappings": [{"ContainerPort": 8001, "HostPort": 0}],
    "Ulimits": [{"Name": "nofile", "SoftLimit": 1024, "HardLimit": 4096}],
    "HealthCheck": {"Command": ["CMD", "true"], "Interval": 10},
}
VOLUMES = [{"Name": "scratch", "DockerVolumeConfiguration": {"Scope": "task", "Driver": "local"}}]


def render(**changes: Any) -> dict[str, Any]:
    task = {"NetworkMode": "bridge", "ContainerDefinitions": [CONTAINER | changes], "Volumes": VOLUMES}
    return rendered(task, secret={"/accunode/production/auth/redis-url": "rediss://"}.__getitem__, image=str, host=str)


def test_a_container_has_what_its_definition_says() -> None:
    made = render()
    (mount,) = made.pop("mounts")
    assert (mount["Target"], mount["Type"], mount["Source"]) == ("/var/lib/accunode", "volume", None)
    (limit,) = made.pop("ulimits")
    assert dict(limit) == {"Name": "nofile", "Soft": 1024, "Hard": 4096}
    assert made == {
        "image": CONTAINER["Image"],
        "environment": {"ACCUNODE_ENVIRONMENT": "production", "ACCUNODE_REDIS_URL": "rediss://"},
        "user": "10001",
        "read_only": True,
        "mem_limit": 384 * 1024**2,
        "mem_reservation": 192 * 1024**2,
        "stop_timeout": 30,
        "init": True,
        "cap_drop": ["ALL"],
        "cap_add": [],
        "tmpfs": {"/tmp": "size=64m,noexec"},
        "ports": {"8001/tcp": 0},
        "healthcheck": {
            "test": ["CMD", "true"],
            "interval": 10_000_000_000,
            "timeout": 5_000_000_000,
            "retries": 3,
            "start_period": 0,
        },
    }


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"ExtraHosts": []}, "ExtraHosts"),
        ({"HealthCheck": {"Command": ["CMD", "true"], "Grace": 1}}, "Grace"),
        ({"LinuxParameters": {"Devices": []}}, "Devices"),
        ({"Environment": [{"Name": "PLACE", "Value": {"Fn::ImportValue": "accunode-production-Place"}}]}, "PLACE"),
    ],
)
def test_what_is_not_known_here_is_refused(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(NotRenderedError, match=why):
        render(**changes)


LISTENERS = Listeners((301, "HTTPS", "443"), (404, "application/json", "{}"), 60)


def forward(priority: int, paths: list[str], shares: dict[str, int], slot: str = "") -> Rule:
    conditions: list[dict[str, Any]] = [{"Field": "path-pattern", "PathPatternConfig": {"Values": paths}}]
    if slot:
        header = {"HttpHeaderName": "X-Slot", "Values": [slot]}
        conditions.append({"Field": "http-header", "HttpHeaderConfig": header})
    groups = [{"TargetGroupArn": {"Ref": name}, "Weight": weight} for name, weight in shares.items()]
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
    return rule({"Priority": priority, "Conditions": conditions, "Actions": [action]}, stack="auth")


def test_rules_are_tried_by_priority_with_their_header_and_divided_by_weight() -> None:
    text = configuration(
        LISTENERS,
        [forward(20, ["/a", "/a/*"], {"Blue": 90, "Green": 10}), forward(10, ["/a*"], {"Green": 1}, slot="green")],
        {"auth-Blue": ["10.0.0.1:32768"], "auth-Green": ["10.0.0.1:32769", "10.0.0.2:32768"]},
        domain="api.example.com",
        aliases={},
    )
    tried = re.findall(r'"~\^(.*)\$" \$group_(\d+);', text)
    assert [number for _, number in tried] == ["10", "20"]
    first, second = (re.compile(f"^{pattern}$") for pattern, _ in tried)
    assert first.match("green /a/b?c=d")
    assert not first.match(" /a/b")
    assert second.match(" /a/b?c=d")
    assert second.match("blue /a")
    assert not second.match(" /ab")
    assert "split_clients $request_id $group_20 { 90.00% auth-Blue; * auth-Green; }" in text
    assert "upstream auth-Green { server 10.0.0.1:32769 max_fails=0; server 10.0.0.2:32768 max_fails=0;" in text


@pytest.mark.parametrize(
    ("shares", "place"), [({"Blue": 100, "Green": 0}, "auth-Blue"), ({"Blue": 0, "Green": 0}, "empty")]
)
def test_a_group_of_weight_nothing_gets_nothing(shares: dict[str, int], place: str) -> None:
    text = configuration(
        LISTENERS, [forward(1, ["/*"], shares)], {"auth-Blue": ["a:1"]}, domain="api.example.com", aliases={}
    )
    assert f"map $request_id $group_1 {{ default {place}; }}" in text


def test_a_rule_that_is_not_played_is_refused() -> None:
    with pytest.raises(ValueError, match="source-ip"):
        rule({"Priority": 1, "Conditions": [{"Field": "source-ip"}], "Actions": []}, stack="auth")
