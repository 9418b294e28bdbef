"""A container of an ECS task definition as the local engine takes it; what is not rendered is refused, not left out."""

from collections.abc import Callable, Mapping
from typing import Any

from docker.types import Mount, Ulimit

MEBIBYTE = 1024 * 1024
NANOSECONDS = 1_000_000_000

LEFT_TO_ECS = {"Essential", "LogConfiguration", "Name", "DependsOn", "VersionConsistency", "RestartPolicy"}
"""What says how ECS runs the container, and not what is in it."""
TASK_LEFT_TO_ECS = {
    "ContainerDefinitions",
    "Cpu",
    "ExecutionRoleArn",
    "Family",
    "Memory",
    "NetworkMode",
    "RequiresCompatibilities",
    "RuntimePlatform",
    "Tags",
    "TaskRoleArn",
    "Volumes",
}


class NotRenderedError(Exception):
    """The task definition says what is not rendered here, so that the test would not show what is deployed."""


def rendered(
    task: Mapping[str, Any], *, secret: Callable[[str], str], image: Callable[[str], str], host: Callable[[str], str]
) -> dict[str, Any]:
    """What `docker.containers.create` takes for a task definition of one container.

    Args:
        task: The properties of an `AWS::ECS::TaskDefinition`, resolved.
        secret: The value of a parameter of the parameter store, by its name or ARN.
        image: The local name of an image that is named by digest.
        host: The folder of this machine that stands for one of the node's.

    Raises:
        NotRenderedError: It has more than one container, or a key that is not known here.
    """
    _refuse_unknown(task, TASK_LEFT_TO_ECS, "The task definition")
    if task["NetworkMode"] != "bridge" or len(task["ContainerDefinitions"]) != 1:
        raise NotRenderedError("Only one container in bridge mode is rendered here.")
    volumes = {volume["Name"]: volume for volume in task.get("Volumes", ())}
    (container,) = task["ContainerDefinitions"]
    _refuse_unknown(
        container, LEFT_TO_ECS | set(_RENDERED) | {"Environment", "Secrets", "Image", "MountPoints"}, "The container"
    )
    made: dict[str, Any] = {
        "image": image(container["Image"]),
        "environment": {
            **{pair["Name"]: _text(pair) for pair in container.get("Environment", ())},
            **{pair["Name"]: secret(pair["ValueFrom"]) for pair in container.get("Secrets", ())},
        },
        "mounts": [_mount(point, volumes[point["SourceVolume"]], host) for point in container.get("MountPoints", ())],
    }
    for key, render in _RENDERED.items():
        if key in container:
            made |= render(container[key])
    return made


def _mount(point: Mapping[str, Any], volume: Mapping[str, Any], host: Callable[[str], str]) -> Mount:
    _refuse_unknown(volume, {"Name", "Host", "DockerVolumeConfiguration"}, "A volume")
    read_only = _true(point.get("ReadOnly", False))
    if "Host" in volume:
        return Mount(point["ContainerPath"], host(volume["Host"]["SourcePath"]), type="bind", read_only=read_only)
    settings = volume["DockerVolumeConfiguration"]
    _refuse_unknown(settings, {"Scope", "Driver"}, "A volume's configuration")
    if settings["Scope"] != "task":
        raise NotRenderedError("Only volumes of a task are rendered here: a shared one would outlive it.")
    return Mount(point["ContainerPath"], None, type="volume", read_only=read_only)


def _linux(parameters: Mapping[str, Any]) -> dict[str, Any]:
    _refuse_unknown(parameters, {"InitProcessEnabled", "Tmpfs", "Capabilities", "SharedMemorySize"}, "LinuxParameters")
    made: dict[str, Any] = {"init": _true(parameters.get("InitProcessEnabled", False))}
    made["tmpfs"] = {
        each["ContainerPath"]: ",".join([f"size={each['Size']}m", *each.get("MountOptions", ())])
        for each in parameters.get("Tmpfs", ())
    }
    capabilities = parameters.get("Capabilities", {})
    made["cap_drop"] = capabilities.get("Drop", [])
    made["cap_add"] = capabilities.get("Add", [])
    if "SharedMemorySize" in parameters:
        made["shm_size"] = int(parameters["SharedMemorySize"]) * MEBIBYTE
    return made


def _health(check: Mapping[str, Any]) -> dict[str, Any]:
    defaults = {"Interval": 30, "Timeout": 5, "Retries": 3, "StartPeriod": 0}
    _refuse_unknown(check, {"Command", *defaults}, "HealthCheck")
    given = {key: int(check.get(key, default)) for key, default in defaults.items()}
    return {
        "healthcheck": {
            "test": check["Command"],
            "interval": given["Interval"] * NANOSECONDS,
            "timeout": given["Timeout"] * NANOSECONDS,
            "retries": given["Retries"],
            "start_period": given["StartPeriod"] * NANOSECONDS,
        }
    }


_RENDERED: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "Command": lambda words: {"command": [str(word) for word in words]},
    "Cpu": lambda units: {"cpu_shares": int(units)},
    "DockerLabels": lambda labels: {"labels": labels},
    "DockerSecurityOptions": lambda options: {"security_opt": options},
    "EntryPoint": lambda words: {"entrypoint": [str(word) for word in words]},
    "HealthCheck": _health,
    "LinuxParameters": _linux,
    "Memory": lambda mebibytes: {"mem_limit": int(mebibytes) * MEBIBYTE},
    "MemoryReservation": lambda mebibytes: {"mem_reservation": int(mebibytes) * MEBIBYTE},
    # A host port of 0 is one that the engine picks, on the address that the balancer reaches the node by.
    "PortMappings": lambda ports: {
        "ports": {f"{port['ContainerPort']}/tcp": port.get("HostPort", 0) for port in ports}
    },
    "Privileged": lambda privileged: {"privileged": _true(privileged)},
    "ReadonlyRootFilesystem": lambda read_only: {"read_only": _true(read_only)},
    "StopTimeout": lambda seconds: {"stop_timeout": int(seconds)},
    "Ulimits": lambda limits: {
        "ulimits": [
            Ulimit(name=each["Name"], soft=int(each["SoftLimit"]), hard=int(each["HardLimit"])) for each in limits
        ]
    },
    "User": lambda user: {"user": str(user)},
    "WorkingDirectory": lambda folder: {"working_dir": folder},
}


def _text(pair: Mapping[str, Any]) -> str:
    if isinstance(pair["Value"], dict):
        raise NotRenderedError(f"{pair['Name']} is {pair['Value']}, which only AWS knows: give the import.")
    return str(pair["Value"])


def _refuse_unknown(found: Mapping[str, Any], known: set[str], what: str) -> None:
    if unknown := sorted(set(found) - known):
        raise NotRenderedError(f"{what} has {', '.join(unknown)}, which is not rendered here.")


def _true(value: Any) -> bool:
    return value is True or value == "true"
