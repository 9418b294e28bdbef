"""Every stack as each tier makes it, for the tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from accunode_infra import stacks, templates
from accunode_infra.resolve import Resolved, Resource, is_symbolic, resolve
from accunode_infra.stacks import STACKS, Stack
from accunode_infra.tiers import Tier, Variant

SIZES = tuple(product(Tier, Variant))
IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/accunode/any@sha256:" + "0" * 64
GIVEN: dict[str, Any] = {
    "BlueImage": IMAGE,
    "GreenImage": IMAGE,
    "Image": IMAGE,
    "CertificateArn": "arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-0000-0000-000000000000",
    "DomainName": "accunode.example.com",
    "HostedZoneId": "Z0123456789ABCDEFGHIJ",
    "GitHubRepository": "bank/accunode",
    "AlertEmail": "operations@bank.example",
    "AlertPhone": "+15555550100",
}
"""What nobody can know beforehand, and what turns optional parts on."""


@dataclass(frozen=True)
class Found:
    """A resource of a stack.

    Attributes:
        where: `stack Name`, for messages.
    """

    stack: Stack
    resource: Resource

    @property
    def where(self) -> str:
        return f"{self.stack.name} {self.resource.name}"

    @property
    def properties(self) -> dict[str, Any]:
        return self.resource.properties


def with_template() -> list[Stack]:
    """The stacks whose template is there."""
    names = templates.names()
    return [each for each in STACKS if each.template in names]


@cache
def of(name: str, tier: Tier = Tier.STARTUP, variant: Variant = Variant.BRIEF, **given: str) -> Resolved:
    """The stack of that name in a size; `given` are parameters over those of the tier."""
    wanted = stacks.stack(name)
    template = templates.load(wanted.template)
    values = {key: value for key, value in GIVEN.items() if key in template.get("Parameters", {})}
    sized = stacks.parameters(wanted, environment="production", tier=tier, variant=variant)
    return resolve(template, values | sized | given)


def resources(kind: str = "", tier: Tier = Tier.STARTUP, variant: Variant = Variant.BRIEF) -> Iterator[Found]:
    """Every resource of every stack in a size; of one type when it is named."""
    for each in with_template():
        for resource in of(each.name, tier, variant).resources.values():
            if resource.type.startswith(kind):
                yield Found(each, resource)


def one(name: str, kind: str, **given: str) -> dict[str, Any]:
    """The properties of the only resource of a type in a stack."""
    (found,) = of(name, **given).of_type(kind)
    return found.properties


def concrete(value: Any, found: Resolved) -> Any:
    """The value with an ARN or a name of the right form for what only AWS knows."""
    if is_symbolic(value):
        ((function, argument),) = value.items()
        target = argument[0] if function == "Fn::GetAtt" else argument
        kind = found.resources[target].type if isinstance(target, str) and target in found.resources else ""
        arn = ARNS.get(kind, "arn:aws:s3:::any")
        if function == "Fn::Sub":
            text = argument if isinstance(argument, str) else argument[0]
            known = {f"${{{name}.Arn}}": ARNS.get(each.type, "any") for name, each in found.resources.items()}
            for variable, stand_in in known.items():
                text = text.replace(variable, stand_in)
            return text
        return arn
    if isinstance(value, dict):
        return {key: concrete(item, found) for key, item in value.items()}
    if isinstance(value, list):
        return [concrete(item, found) for item in value]
    return value


ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::any",
    "AWS::IAM::Role": "arn:aws:iam::111122223333:role/any",
    "AWS::Logs::LogGroup": "arn:aws:logs:us-east-1:111122223333:log-group:any:*",
    "AWS::Lambda::Function": "arn:aws:lambda:us-east-1:111122223333:function:any",
    "AWS::SNS::Topic": "arn:aws:sns:us-east-1:111122223333:any",
    "AWS::KMS::Key": "arn:aws:kms:us-east-1:111122223333:key/any",
    "AWS::ECS::Cluster": "arn:aws:ecs:us-east-1:111122223333:cluster/any",
}
