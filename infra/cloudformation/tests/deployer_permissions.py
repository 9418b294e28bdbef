"""What the deployer may do, and the permissions that a call needs."""

from infra.cloudformation.tests.test_policies import BOOTSTRAP, actions

PREFIX = {"monitoring": "cloudwatch"}
"""IAM's name of a service, where botocore signs for it under another one."""

OTHERWISE: dict[str, set[str]] = {
    "budgets:DescribeBudgets": {"budgets:ViewBudget"},
    "s3:DeleteObjects": {"s3:DeleteObject", "s3:DeleteObjectVersion"},
    "s3:GetBucketEncryption": {"s3:GetEncryptionConfiguration"},
    "s3:GetPublicAccessBlock": {"s3:GetBucketPublicAccessBlock"},
    "s3:ListObjectVersions": {"s3:ListBucketVersions"},
    "rds:CreateDBSnapshot": {"rds:CreateDBSnapshot", "rds:AddTagsToResource"},
    "sts:GetCallerIdentity": set(),
}
"""Operations whose permission has another name, or which need another one beside it."""


def granted() -> set[str]:
    """The actions that the deployer's policies allow."""
    return actions(BOOTSTRAP["DeployerPolicy"]) | actions(BOOTSTRAP["ReaderPolicy"])


def permissions(signing_name: str, operation: str) -> set[str]:
    """The actions that a call needs, of a service as botocore signs for it, such as `monitoring`."""
    action = f"{PREFIX.get(signing_name, signing_name)}:{operation}"
    return OTHERWISE.get(action, {action})
