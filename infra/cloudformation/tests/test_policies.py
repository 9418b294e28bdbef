"""Who may do what: every policy of every template, and the roles of the account."""

import fnmatch
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from infra.cloudformation.tests import resolved
from infra.cloudformation.tests.conftest import Program

from accunode_infra import templates

BOUNDARY = "arn:aws:iam::111122223333:policy/accunode-boundary"
SIZE_LIMIT = 6144
"""Of a managed policy, in characters without white space."""

HARMLESS = {
    "RESOURCE_STAR": "what is read, and what has no names to narrow by, is on `*`; the tests below narrow the rest",
    "RESOURCE_POLICY_PRIVILEGE_ESCALATION": "CloudFormation writes the bucket's policy, and only CloudFormation can",
    "PRIVILEGE_ESCALATION": "roles are made under the boundary only, which a test below holds",
}


def policies() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each policy that grants something to a role, with a name for it; what only AWS knows has a value of its form."""
    for found in resolved.resources("AWS::IAM::"):
        stack = resolved.of(found.stack.name)
        if "PolicyDocument" in found.properties:
            yield found.where, resolved.concrete(found.properties["PolicyDocument"], stack)
        for policy in found.properties.get("Policies", []):
            yield f"{found.where} {policy['PolicyName']}", resolved.concrete(policy["PolicyDocument"], stack)


POLICIES = dict(policies())
BOOTSTRAP = {name.split()[1]: policy for name, policy in POLICIES.items() if name.startswith("bootstrap ")}
SERVICE_ROLE = [BOOTSTRAP[name] for name in ("NetworkPolicy", "ComputePolicy", "DataPolicy", "OperationsPolicy")]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def actions(policy: dict[str, Any], effect: str = "Allow") -> set[str]:
    """The actions of a policy, with the wildcards that it has."""
    return {
        action
        for statement in policy["Statement"]
        if statement["Effect"] == effect
        for action in as_list(statement["Action"])
    }


def allows(patterns: set[str], action: str) -> bool:
    return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


def test_parliament_finds_nothing_in_any_policy(program: Program, tests_folder: Callable[[str], str]) -> None:
    ended = program("python", tests_folder("parliament_findings.py"), given=json.dumps(list(POLICIES.items())))
    assert ended.returncode == 0, ended.stderr
    assert [found for found in json.loads(ended.stdout) if found["issue"] not in HARMLESS] == []
    assert len(POLICIES) > 10


def test_parliament_would_find_an_action_that_does_not_exist(
    program: Program, tests_folder: Callable[[str], str]
) -> None:
    wrong = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ecs:UpdateServcie", "Resource": "*"}],
    }
    ended = program("python", tests_folder("parliament_findings.py"), given=json.dumps([["wrong", wrong]]))
    assert "UNKNOWN_ACTION" in {found["issue"] for found in json.loads(ended.stdout)}


def test_every_role_is_under_the_boundary() -> None:
    roles = [each for each in resolved.resources("AWS::IAM::Role") if each.resource.type == "AWS::IAM::Role"]
    assert [each.where for each in roles if each.properties.get("PermissionsBoundary") != BOUNDARY] == []
    assert len({each.where for each in roles}) > 8


def test_nobody_has_an_access_key_or_is_a_user() -> None:
    kinds = {each.resource.type for each in resolved.resources("AWS::IAM::")}
    assert kinds & {"AWS::IAM::AccessKey", "AWS::IAM::User", "AWS::IAM::Group"} == set()


@pytest.mark.parametrize("name", POLICIES, ids=str)
def test_what_a_role_may_do_lies_within_the_boundary(name: str) -> None:
    limit = actions(BOOTSTRAP["Boundary"])
    beyond = {
        action
        for action in actions(POLICIES[name])
        if not allows(limit, action.replace("*", "x")) and action not in limit
    }
    assert beyond == set()


def test_the_boundary_keeps_roles_from_reaching_beyond_it() -> None:
    statements = {statement["Sid"]: statement for statement in BOOTSTRAP["Boundary"]["Statement"]}
    unbounded = statements["NoRoleWithoutThisBoundary"]
    assert unbounded["Effect"] == "Deny"
    assert {"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"} <= set(unbounded["Action"])
    assert unbounded["Condition"] == {"ArnNotEquals": {"iam:PermissionsBoundary": BOUNDARY}}
    itself = statements["NotItself"]
    assert itself["Effect"] == "Deny"
    assert "arn:aws:iam::111122223333:policy/accunode-*" in itself["Resource"]
    allowed = actions(BOOTSTRAP["Boundary"])
    for forbidden in (
        "iam:CreateUser",
        "iam:CreateAccessKey",
        "iam:DeleteRolePermissionsBoundary",
        "organizations:LeaveOrganization",
    ):
        assert not allows(allowed, forbidden), forbidden


@pytest.mark.parametrize("name", sorted(BOOTSTRAP))
def test_a_managed_policy_is_not_too_large(name: str) -> None:
    assert len(re.sub(r"\s", "", json.dumps(BOOTSTRAP[name], separators=(",", ":")))) <= SIZE_LIMIT


@pytest.mark.parametrize("name", [name for name in POLICIES if name != "bootstrap Boundary"])
def test_a_role_is_passed_to_named_services_only(name: str) -> None:
    for statement in POLICIES[name]["Statement"]:
        if statement["Effect"] == "Allow" and "iam:PassRole" in as_list(statement["Action"]):
            assert as_list(statement["Action"]) == ["iam:PassRole"]
            assert statement["Condition"]["StringEquals"]["iam:PassedToService"]
            assert "*" not in as_list(statement["Resource"])


def test_the_product_s_own_roles_may_do_everything_to_nothing() -> None:
    """No wildcard among the actions, and none for the resource but of what has no resources."""
    without_resources = {
        "ecr:GetAuthorizationToken",
        "ecs:DiscoverPollEndpoint",
        "ssmmessages:*",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
    }
    for name, policy in POLICIES.items():
        if name.startswith("bootstrap "):
            continue
        for statement in policy["Statement"]:
            granted = as_list(statement["Action"])
            assert not [action for action in granted if "*" in action], name
            if "*" in as_list(statement["Resource"]) and "Condition" not in statement:
                assert [each for each in granted if not allows(without_resources | FUNCTION_NETWORK, each)] == [], name


FUNCTION_NETWORK = {
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
    "ssm:UpdateInstanceInformation",
}
"""What Lambda asks of the role of a function in a VPC, and the agent of Systems Manager of a node's."""


def test_github_may_deploy_from_one_environment_of_one_repository() -> None:
    role = resolved.of("bootstrap", GitHubRepository="bank/accunode").resources["DeployerRole"].properties
    (web,) = [
        statement
        for statement in role["AssumeRolePolicyDocument"]["Statement"]
        if statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    ]
    assert web["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "repo:bank/accunode:environment:production",
        }
    }


def test_without_a_repository_no_workflow_may_deploy() -> None:
    stack = resolved.of("bootstrap", GitHubRepository="")
    assert "GitHubProvider" not in stack.resources
    trusted = stack.resources["DeployerRole"].properties["AssumeRolePolicyDocument"]["Statement"]
    assert [each["Action"] for each in trusted] == ["sts:AssumeRole"]
    assert trusted[0]["Condition"] == {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


ELSEWHERE = frozenset(
    {"acm-pca", "amplify", "apigateway", "apprunner", "appsync", "bedrock-agentcore", "billing", "cognito-idp"}
    | {"elasticfilesystem", "firehose", "managed-fleets", "payments", "s3files", "s3tables", "secretsmanager"}
    | {"vpc-lattice", "vpce"}
)
"""Services that a schema names for properties which no template uses."""

UNUSED: dict[str, str] = {
    "backup": "*AccessPolicy *Lock* *Notifications",
    "ec2": "AcceptAddress* *Ipv6* *PrivateIp* *NatGatewayAddress *CidrBlock *VerifiedAccess* *Vpn* *Encryption* "
    "ModifyPublicIp* ModifyVpcTenancy",
    "ecs": "PutAccountSetting* StopServiceDeployment",
    "elasticache": "*CacheCluster *ShardConfiguration",
    "elasticloadbalancing": "*Capacity* ModifyIpPools *WebACLAssociation SetIpAddressType *Targets SetRulePriorities",
    "autoscaling": "AttachLoadBalancer* AttachTraffic* Detach* *Notification* *Scheduled* *LifecycleHook",
    "iam": "DeleteRolePermissionsBoundary",
    "kms": "CreateGrant RetireGrant Encrypt Decrypt GenerateDataKey DisableKey CreateKey",
    "lambda": "*CodeSigning* *Provisioned* AssociateRuntime* Pass* PublishVersion *Recursion* *RuntimeManagement* "
    "*FunctionScaling*",
    "logs": "*KmsKey *LogDelivery *DataProtection* *IndexPolicy *BearerToken* *DeletionProtection *ResourcePolicy "
    "PutLogEvents CreateLogStream",
    "rds": "*ReadReplica AddRole* RemoveRole* *BackupsReplication RestoreDBInstanceToPointInTime",
    "s3": "*Metadata* *Analytics* *Accelerate* *Cors *CORS *Website *Replication* *Intelligent* *Inventory* "
    "*MetricsConfiguration REST* *Object* *Acl *Abac *Notification *Logging DeleteBucketEncryption "
    "DeleteBucketLifecycle",
    "backup-storage": "Mount",
    "sns": "*DataProtection*",
    "wafv2": "*PermissionPolicy",
}
"""Writes that belong to properties, or to ways of making a resource, which no template uses."""


def made_by_cloudformation(schemas: dict[str, Any]) -> list[dict[str, Any]]:
    """The schemas of the types outside bootstrap, which an administrator creates."""
    others = [templates.load(name) for name in templates.names() if name != "bootstrap"]
    kinds = {body["Type"] for template in others for body in template["Resources"].values()}
    return [schemas[kind] for kind in kinds]


def written(needs: list[dict[str, Any]]) -> set[str]:
    """The writes that CloudFormation needs for the templates' types, less those of properties that none uses."""
    found = set()
    for each in needs:
        for action in each["writes"]:
            service, _, verb = action.partition(":")
            reads = re.match(r"Describe|Get|List|View", verb)
            if service in ELSEWHERE or reads or service == "ssm":
                continue
            if not any(fnmatch.fnmatchcase(verb, pattern) for pattern in UNUSED.get(service, "").split()):
                found.add(action)
    return found


def test_cloudformation_may_make_every_resource_and_nothing_else(schemas: dict[str, Any]) -> None:
    granted = set().union(*(actions(policy) for policy in SERVICE_ROLE))
    needed = written(made_by_cloudformation(schemas))
    assert sorted(action for action in needed if not allows(granted, action)) == []
    of_vaults = {"kms:CreateGrant", "kms:CreateKey", "kms:Decrypt", "kms:GenerateDataKey"}
    of_roles = {"iam:CreateServiceLinkedRole", "iam:PassRole"}
    dashboards = {"cloudwatch:PutDashboard", "cloudwatch:DeleteDashboards"}
    # What no schema names: a rolling update ends instances, an endpoint brings a zone of its own names.
    unnamed = {"autoscaling:TerminateInstanceInAutoScalingGroup", "route53:AssociateVPCWithHostedZone"}
    spare = {
        action
        for action in granted - of_vaults - of_roles - dashboards - unnamed
        if not re.match(r"[\w-]+:(Describe|Get|List|View)", action) and action not in needed
    }
    assert spare == set()


def test_cloudformation_may_read_what_it_made(schemas: dict[str, Any]) -> None:
    granted = set().union(*(actions(policy) for policy in SERVICE_ROLE))
    unreadable = {
        action
        for each in made_by_cloudformation(schemas)
        for action in each["permissions"]
        if re.match(
            r"(rds|elasticache|ecs|ec2|autoscaling|elasticloadbalancing|logs|sns|events|iam):(Describe|List)\w+$",
            action,
        )
        and not allows(granted, action)
    }
    assert unreadable == set()


NOT_BESIDE = {
    "rds:*": "*TenantDatabase secretsmanager:* kms:*",
    "elasticache:*": "s3:* ec2:*NetworkInterface*",
    "servicequotas:*": "*",
    "wafv2:*": "apigateway:* apprunner:* appsync:* cognito-idp:* ec2:*",
}
"""What an action asks for only with a property that nobody gives: tenants of Oracle, passwords that RDS keeps,
snapshots in buckets, firewalls before something else than a load balancer, other nodes than the cache has,
the uses of quotas that are read elsewhere."""


@pytest.mark.parametrize("who", ["CloudFormation", "deployer"])
def test_an_action_has_beside_it_what_aws_asks_for_too(
    who: str, program: Program, tests_folder: Callable[[str], str]
) -> None:
    policies_ = SERVICE_ROLE if who == "CloudFormation" else [BOOTSTRAP["DeployerPolicy"], BOOTSTRAP["ReaderPolicy"]]
    granted = set().union(*map(actions, policies_))
    ended = program("python", tests_folder("dependent_actions.py"), given=json.dumps(sorted(granted)))
    assert ended.returncode == 0, ended.stderr
    missing = {
        (action, other)
        for action, others in json.loads(ended.stdout).items()
        for other in others
        if not allows(granted, other)
        and not any(
            fnmatch.fnmatchcase(action, of) and any(fnmatch.fnmatchcase(other, each) for each in patterns.split())
            for of, patterns in NOT_BESIDE.items()
        )
    }
    assert missing == set()
    assert any(json.loads(ended.stdout).values())


def test_a_key_can_be_made_though_it_has_no_tags_yet() -> None:
    """A condition on a key's tags holds of none that is being made, and its tags count only after minutes."""
    unbound = {
        action
        for statement in BOOTSTRAP["DataPolicy"]["Statement"]
        if "aws:ResourceTag" not in json.dumps(statement.get("Condition", {}))
        for action in as_list(statement["Action"])
    }
    assert {"kms:CreateKey", "kms:TagResource", "kms:EnableKeyRotation"} <= unbound
    assert not {"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"} & unbound
