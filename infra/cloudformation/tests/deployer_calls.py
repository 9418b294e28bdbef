"""What the command line calls, read from its source: the clients of a module, and their methods that it names."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3

import accunode_docker
import accunode_infra

PACKAGES = (Path(accunode_infra.__file__).parent, Path(accunode_docker.__file__).parent)


@cache
def client_meta(service: str) -> Any:
    """What boto3 knows of a service."""
    return boto3.Session().client(service, region_name="us-east-1").meta


def operations(service: str) -> dict[str, str]:
    """The operations of a service by the name of boto3's method."""
    found: dict[str, str] = client_meta(service).method_to_api_mapping
    return found


def signing_name(service: str) -> str:
    """The name that botocore signs under for a service, such as `elasticloadbalancing` for `elbv2`."""
    return str(client_meta(service).service_model.signing_name)


def text_arguments(call: ast.Call) -> list[str]:
    return [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def clients(tree: ast.Module) -> set[str]:
    """The services that a module asks a session for."""
    return {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "client"
        for name in text_arguments(node)[:1]
    }


def named(tree: ast.Module) -> set[str]:
    """Names of methods that a module calls, and texts that it passes, such as to a paginator."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            found.add(node.value)
    return found


def calls() -> Iterator[tuple[str, str, str]]:
    """Service, operation, and the module that makes the call.

    A name that several services know is that of the clients which the module itself asks for, if it asks for any.
    """
    available = set(boto3.Session().get_available_services())
    for package in PACKAGES:
        modules = {path: ast.parse(path.read_text()) for path in sorted(package.rglob("*.py"))}
        own = {path: clients(tree) & available for path, tree in modules.items()}
        everywhere = set().union(*own.values())
        for path, tree in modules.items():
            for name in sorted(named(tree)):
                knowing = {service for service in everywhere if name in operations(service)}
                for service in sorted(knowing & own[path] or knowing):
                    yield service, operations(service)[name], str(path.relative_to(package.parent))
