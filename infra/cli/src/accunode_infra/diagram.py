"""Draws the stacks as a Mermaid flowchart: what each holds, phase by phase, and whose exports it takes."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from accunode_infra.stacks import PHASES, STACKS, Stack, in_phase
from accunode_infra.templates import CLOUDFORMATION, load

_IMPORTED = re.compile(r"accunode-\$\{Environment\}-(\w+)")
_SHOWN: Mapping[str, str] = {
    "AWS::AutoScaling::AutoScalingGroup": "Auto Scaling group",
    "AWS::Backup::BackupVault": "backup vault",
    "AWS::Budgets::Budget": "budget",
    "AWS::CE::AnomalyMonitor": "anomaly monitor",
    "AWS::CloudWatch::Alarm": "alarm",
    "AWS::CloudWatch::Dashboard": "dashboard",
    "AWS::EC2::NatGateway": "NAT gateway",
    "AWS::EC2::SecurityGroup": "security group",
    "AWS::EC2::Subnet": "subnet",
    "AWS::EC2::VPC": "VPC",
    "AWS::ECR::Repository": "repository",
    "AWS::ECS::Cluster": "cluster",
    "AWS::ECS::Service": "ECS service",
    "AWS::ECS::TaskDefinition": "task definition",
    "AWS::ElastiCache::ReplicationGroup": "cache",
    "AWS::ElasticLoadBalancingV2::ListenerRule": "listener rule",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "load balancer",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "target group",
    "AWS::IAM::Role": "role",
    "AWS::Lambda::Function": "function",
    "AWS::Logs::LogGroup": "log group",
    "AWS::RDS::DBInstance": "database",
    "AWS::S3::Bucket": "bucket",
    "AWS::SNS::Topic": "topic",
}
"""The resources that are worth a word; the rest hangs on them."""


def flowchart(*, root: Path = CLOUDFORMATION) -> str:
    """The Mermaid text. Optional resources are counted too.

    Raises:
        RefusedError: A template of the graph is not there.
    """
    templates = {each.name: load(each.template, root=root) for each in STACKS}
    exporters = {export: name for name, template in templates.items() for export in _exports(template)}
    lines = ["flowchart LR"]
    for phase, (title, _) in PHASES.items():
        lines.append(f'  subgraph phase{phase}["{phase}. {title}"]')
        lines += [f"    {each.name}[{_label(each, templates[each.name])}]" for each in in_phase(phase)]
        lines.append("  end")
    for each in STACKS:
        taken = {exporters[name] for name in _imports(templates[each.name]) if name in exporters}
        lines += [f"  {source} --> {each.name}" for source in sorted(taken - {each.name})]
    return "\n".join(lines) + "\n"


def _label(each: Stack, template: Mapping[str, Any]) -> str:
    counted = Counter(_SHOWN[body["Type"]] for body in template["Resources"].values() if body["Type"] in _SHOWN)
    parts = [f"{number} {word if number == 1 else _plural(word)}" for word, number in sorted(counted.items())]
    return json.dumps("<br>".join([f"<b>{each.name}</b>", *parts]))


def _plural(word: str) -> str:
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def _exports(template: Mapping[str, Any]) -> Iterator[str]:
    for output in template.get("Outputs", {}).values():
        if "Export" in output:
            yield from _IMPORTED.findall(json.dumps(output["Export"]["Name"]))


def _imports(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        if "Fn::ImportValue" in node:
            yield from _IMPORTED.findall(json.dumps(node["Fn::ImportValue"]))
        for value in node.values():
            yield from _imports(value)
    elif isinstance(node, list):
        for value in node:
            yield from _imports(value)
