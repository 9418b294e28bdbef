"""What holds for every template."""

import re
from typing import Any

import pytest
from infra.cloudformation.tests import resolved
from infra.cloudformation.tests.conftest import CLOUDFORMATION
from infra.cloudformation.tests.parameter_tables import in_readme, table

from accunode_infra import stacks, templates
from accunode_infra.stacks import STACKS
from accunode_infra.tiers import Tier, Variant, load_tier

NAMES = templates.names()
ACCOUNT_WIDE = {each.template for each in STACKS if each.account_wide}
TAGS = {"Service", "Environment", "Tier"}
TAGGABLE_TOO_LATELY = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::CloudWatch::Dashboard",
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::ListenerRule",
}
"""The cfn-lint that the command line brings does not know their tags yet, and `plan` would refuse them."""


def test_every_template_is_used_and_every_stack_has_its_template() -> None:
    assert set(NAMES) == {each.template for each in STACKS}


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_described_grouped_and_have_defaults_that_are_allowed(name: str) -> None:
    template = templates.load(name)
    parameters = template["Parameters"]
    assert [each for each, declared in parameters.items() if len(declared.get("Description", "")) < 10] == []
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [each for group in groups for each in group["Parameters"]]
    assert sorted(grouped) == sorted(parameters)
    for declared in parameters.values():
        if "AllowedValues" in declared and "Default" in declared:
            assert declared["Default"] in declared["AllowedValues"]


@pytest.mark.parametrize("name", [each for each in NAMES if each not in ACCOUNT_WIDE])
def test_every_environment_has_a_name_and_a_tier(name: str) -> None:
    parameters = templates.load(name)["Parameters"]
    assert parameters["Environment"]["Default"] == "production"
    assert parameters["Environment"]["AllowedPattern"] == "^[a-z][a-z0-9-]{1,15}$"
    assert parameters["Tier"]["AllowedValues"] == list(Tier)


@pytest.mark.parametrize("name", NAMES)
def test_every_resource_says_in_a_sentence_what_it_is(name: str) -> None:
    for logical, body in templates.load(name)["Resources"].items():
        assert len(body.get("Metadata", {}).get("Description", "")) > 3, f"{name} {logical}"


def tags(value: Any) -> dict[str, Any]:
    """Tags in any of the forms that types have them."""
    if isinstance(value, dict):
        return value
    return {each["Key"]: each["Value"] for each in value}


@pytest.mark.parametrize(("tier", "variant"), resolved.SIZES)
def test_everything_taggable_is_tagged(schemas: dict[str, Any], tier: Tier, variant: Variant) -> None:
    for each in resolved.resources(tier=tier, variant=variant):
        holder = schemas[each.resource.type]["tags"]
        if holder is None or each.resource.type in TAGGABLE_TOO_LATELY:
            continue
        found = tags(each.properties.get(holder, {}))
        if holder in schemas[each.resource.type]["fixed"]:
            assert set(found) >= TAGS - {"Tier"}, each.where
            continue
        assert set(found) >= TAGS, each.where
        wide = each.stack.account_wide
        assert (found["Environment"], found["Tier"]) == (("account", "account") if wide else ("production", tier)), (
            each.where
        )


MADE_ANEW = {
    "AWS::ECS::TaskDefinition": "each change is a revision",
    "AWS::ElastiCache::ParameterGroup": "it has no name of its own, and the other engine has other settings",
}
"""Types of which another takes the place of the old one when a size changes, and may."""


def at(properties: dict[str, Any], path: str) -> Any:
    value: Any = properties
    for part in path.split("/"):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def test_another_size_puts_no_resource_in_the_place_of_an_old_one(schemas: dict[str, Any]) -> None:
    """Most have a name, or are the account's only one: the new one could not be made while the old one stands."""
    kept: dict[tuple[str, str], Any] = {}
    replaced = set()
    for tier, variant in resolved.SIZES:
        for each in resolved.resources(tier=tier, variant=variant):
            for path in schemas[each.resource.type]["fixed"]:
                value = at(each.properties, path)
                if kept.setdefault((each.where, path), value) != value and each.resource.type not in MADE_ANEW:
                    replaced.add((each.where, path))
    assert replaced == set()
    assert len(kept) > 100


def exports(name: str, tier: Tier, variant: Variant) -> set[str]:
    return set(resolved.of(name, tier, variant).exports)


def imports(value: Any) -> set[str]:
    """The names of the exports that a resolved value imports."""
    if isinstance(value, dict):
        own = {value["Fn::ImportValue"]} if "Fn::ImportValue" in value else set()
        return own.union(*(imports(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(imports(item) for item in value))
    return set()


@pytest.mark.parametrize(("tier", "variant"), resolved.SIZES)
def test_a_stack_imports_only_what_the_stacks_that_it_needs_export(tier: Tier, variant: Variant) -> None:
    for each in resolved.with_template():
        stack = resolved.of(each.name, tier, variant)
        wanted = imports([[resource.properties for resource in stack.resources.values()], stack.outputs])
        offered = set().union(*(exports(name, tier, variant) for name in needed(each.name)))
        assert wanted <= offered, each.name


def needed(name: str) -> set[str]:
    """The stacks that one needs, straight or through others."""
    straight = set(stacks.stack(name).needs)
    return straight.union(*(needed(each) for each in straight))


def test_a_change_of_tier_renames_no_export_and_no_resource() -> None:
    for each in resolved.with_template():
        found = {frozenset(exports(each.name, tier, Variant.BRIEF)) for tier in Tier}
        assert len(found) == 1, each.name
        kept = [set(resolved.of(each.name, tier).resources) for tier in Tier]
        stateful = [{name for name in names if name in {"Database", "Cache", "Objects", "Vault"}} for names in kept]
        assert stateful[0] == stateful[1] == stateful[2]


@pytest.mark.parametrize(("tier", "variant"), resolved.SIZES)
def test_a_tier_names_only_parameters_that_its_templates_have(tier: Tier, variant: Variant) -> None:
    stacks_and_templates = {each.name for each in STACKS} | set(NAMES)
    assert set(load_tier(tier, variant)) <= stacks_and_templates
    for each in resolved.with_template():
        resolved.of(each.name, tier, variant)


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_has_the_parameters_of_each_template(name: str) -> None:
    assert in_readme(name) == table(name), "write them again: python -m infra.cloudformation.tests.parameter_tables"


def test_scripts_stand_in_the_templates_as_they_are_in_their_folder() -> None:
    texts = [(CLOUDFORMATION / "templates" / f"{name}.yaml").read_text() for name in NAMES]
    bare = [unindented(text) for text in texts]
    scripts = [*CLOUDFORMATION.glob("scripts/*.sh"), *CLOUDFORMATION.glob("functions/*.py")]
    assert scripts
    for script in scripts:
        assert any(unindented(script.read_text()) in text for text in bare), script.name


def unindented(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def test_no_resource_has_a_name_that_begins_otherwise() -> None:
    named = re.compile(
        r"^(/aws/rds/instance/|/?alias/|/)?accunode(-production|-artefacts|-deployer|-cloudformation|-boundary|/)"
    )
    for each in resolved.resources():
        for key in ("Name", "RoleName", "TopicName", "BucketName", "LogGroupName", "RepositoryName", "ClusterName"):
            value = each.properties.get(key)
            if isinstance(value, str) and each.resource.type != "AWS::Route53::RecordSet":
                assert named.match(value), f"{each.where}: {key} {value}"
