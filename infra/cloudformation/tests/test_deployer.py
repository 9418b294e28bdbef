"""The deployer's policies hold what the command line calls, and no more."""

import json
from collections.abc import Iterator

from infra.cloudformation.tests.deployer_calls import calls, signing_name
from infra.cloudformation.tests.deployer_permissions import granted, permissions
from infra.cloudformation.tests.test_policies import BOOTSTRAP

BESIDE = {
    "ecs:TagResource": "a one-off task takes its definition's tags",
    "iam:PassRole": "CloudFormation and tasks are handed their roles",
    "ecr:BatchCheckLayerAvailability": "docker pushes",
    "ecr:CompleteLayerUpload": "docker pushes",
    "ecr:InitiateLayerUpload": "docker pushes",
    "ecr:PutImage": "docker pushes",
    "ecr:UploadLayerPart": "docker pushes",
    "s3:GetObject": "`aws cloudformation deploy` takes a large template from the bucket of artefacts",
    "s3:PutObject": "and puts it there",
    "cloudformation:ListStacks": "DescribeStacks asks for it when it is to describe all",
    "cloudformation:GetTemplateSummary": "and asks what is in it",
}
"""What is called by others than our own source."""


def needed() -> Iterator[tuple[str, str]]:
    """Permission, and the module that needs it."""
    for service, operation, module in calls():
        for permission in permissions(signing_name(service), operation):
            yield permission, module


def test_the_deployer_may_do_whatever_the_command_line_calls() -> None:
    missing = {f"{permission} ({module})" for permission, module in needed() if permission not in granted()}
    assert missing == set(), "add them to DeployerPolicy or ReaderPolicy in bootstrap.yaml"


def test_the_deployer_may_do_nothing_else() -> None:
    called = {permission for permission, _ in needed()}
    assert granted() - called - set(BESIDE) == set(), "take them out of bootstrap.yaml"
    assert set(BESIDE) <= granted()
    assert called.isdisjoint(BESIDE), "take them out of BESIDE, the command line calls them itself"


def test_what_the_deployer_writes_is_accunode_s() -> None:
    for statement in BOOTSTRAP["DeployerPolicy"]["Statement"]:
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        reads = all(":Describe" in each or ":List" in each or ":Get" in each for each in statement["Action"])
        if resources == ["*"] and not reads:
            assert "accunode-" in json.dumps(statement["Condition"]), statement["Sid"]
        for each in resources:
            known = ("accunode", "parameter/aws/service/", "og:default", "auto-backup", "arn:aws:s3:::any/", "role/any")
            assert each == "*" or any(part in each for part in known), each


def test_the_reader_reads_only() -> None:
    (statement,) = BOOTSTRAP["ReaderPolicy"]["Statement"]
    assert [
        each for each in statement["Action"] if not each.split(":")[1].startswith(("Describe", "Get", "List", "View"))
    ] == []
