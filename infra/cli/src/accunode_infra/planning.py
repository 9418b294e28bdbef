"""What a stack is to become, what that changes, and what of it is refused."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import ClientError

from accunode_infra.aws import Session, explained, in_words
from accunode_infra.errors import RefusedError
from accunode_infra.prerequisites import image_parameter, unknown_image
from accunode_infra.resolve import Resolved, resolve
from accunode_infra.stackops import changes
from accunode_infra.stackops.changes import ChangeSet, ResourceChange
from accunode_infra.stackops.difference import difference
from accunode_infra.stackops.standing import Standing
from accunode_infra.stacks import Stack, parameters, stack_name
from accunode_infra.templates import CLOUDFORMATION, Template, load, parse, path_of
from accunode_infra.tiers import Tier, Variant

HIDDEN = "****"
"""What CloudFormation tells of a parameter with `NoEcho`."""


@dataclass(frozen=True)
class DesiredState:
    """What somebody wants an environment to be.

    Attributes:
        overrides: Parameters by stack or template name, over those of the tier.
        images: The tags or digests that new services begin with, by image; the commit that is checked out for others.
        root: The folder with `templates/` and `parameters/`.
    """

    environment: str
    tier: Tier = Tier.STARTUP
    variant: Variant = Variant.BRIEF
    overrides: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    root: Path = CLOUDFORMATION


@dataclass(frozen=True)
class Target:
    """A stack as it is to become.

    Attributes:
        body: The template's text.
        given: The parameters that are given; of the others the value that stands is kept.
        before: What stands, resolved; None when nothing does.
        after: What is to stand, resolved.
    """

    stack: Stack
    name: str
    template: Template
    body: str
    given: Mapping[str, str]
    standing: Standing | None
    before: Resolved | None
    after: Resolved


def target(
    session: Session, stack: Stack, desired: DesiredState, standing: Standing | None, exports: Mapping[str, str]
) -> Target:
    """What the stack is to become.

    Raises:
        RefusedError: The template or the parameters are not what CloudFormation takes.
    """
    template = load(stack.template, root=desired.root)
    overrides = {**desired.overrides.get(stack.template, {}), **desired.overrides.get(stack.name, {})}
    given = parameters(
        stack,
        environment=desired.environment,
        tier=desired.tier,
        variant=desired.variant,
        overrides=overrides,
        root=desired.root,
    )
    unnamed = image_parameter(stack)
    if standing is None and unnamed is not None and unnamed not in given:
        given[unnamed] = unknown_image(session, stack)
    pseudo = {"AWS::Region": session.region, "AWS::Partition": session.partition, "AWS::AccountId": session.account}
    name = stack_name(stack, desired.environment)
    kept = _known(standing.parameters if standing is not None else {}, template)
    try:
        after = resolve(template, {**kept, **given}, imports=exports, pseudo=pseudo)
    except RefusedError as error:
        raise RefusedError(f"{name}: {error}") from None
    before = None
    if standing is not None:
        was = deployed_template(session, standing.id)
        before = resolve(was, _known(standing.parameters, was), imports=exports, pseudo=pseudo)
    body = path_of(stack.template, root=desired.root).read_text()
    return Target(stack, name, template, body, given, standing, before, after)


def _known(values: Mapping[str, str], template: Template) -> dict[str, str]:
    declared = template.get("Parameters", {})
    return {name: value for name, value in values.items() if name in declared and value != HIDDEN}


def deployed_template(session: Session, id_: str) -> Template:
    """The template that a stack was made from, in the long form."""
    with explained():
        body = session.client("cloudformation").get_template(StackName=id_)["TemplateBody"]
    return body if isinstance(body, Mapping) else parse(body, name="the deployed template")


def change_set(session: Session, wanted: Target, *, role: str | None = None) -> ChangeSet:
    """Make the change set that brings the target about, with every property's value before and after.

    Raises:
        FailedError: CloudFormation refuses it.
    """
    try:
        made = changes.create(
            session, wanted.name, wanted.template, wanted.body, wanted.given, standing=wanted.standing, role=role
        )
    except ClientError as error:
        raise in_words(error) from error
    return ChangeSet(made.stack, made.creates, made.id, tuple(with_values(made.changes, wanted)))


def with_values(found: Iterable[ResourceChange], wanted: Target) -> list[ResourceChange]:
    """The changes, those whose values CloudFormation did not tell completed from the templates."""
    ours = {change.name: change for change in difference(wanted.before, wanted.after)}
    completed = []
    for change in found:
        known = any(each.before is not None or each.after is not None for each in change.properties)
        if change.action == "Modify" and not known and change.name in ours:
            change = ResourceChange(
                change.action, change.name, change.type, change.replacement, ours[change.name].properties
            )
        completed.append(change)
    return completed


def local_changes(wanted: Target) -> list[ResourceChange]:
    """The changes by our own reading of the templates, for a stack that no change set can be made for yet."""
    return difference(wanted.before, wanted.after)
