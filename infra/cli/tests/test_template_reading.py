"""Templates are read as CloudFormation reads them."""

import pytest

from accunode_infra.errors import RefusedError
from accunode_infra.templates import parse


def resource(text: str) -> object:
    return parse("Resources: {A: {Type: T, Properties: {P: " + text + "}}}")["Resources"]["A"]["Properties"]["P"]


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("!Ref B", {"Ref": "B"}),
        ("!GetAtt B.Endpoint.Address", {"Fn::GetAtt": ["B", "Endpoint.Address"]}),
        ("!GetAtt [B, Arn]", {"Fn::GetAtt": ["B", "Arn"]}),
        ("!Sub 'x${B}'", {"Fn::Sub": "x${B}"}),
        ("!If [C, !Ref B, !Ref AWS::NoValue]", {"Fn::If": ["C", {"Ref": "B"}, {"Ref": "AWS::NoValue"}]}),
        ("{Version: 2012-10-17}", {"Version": "2012-10-17"}),
        ("!Transform {Name: N}", {"Fn::Transform": {"Name": "N"}}),
    ],
)
def test_short_tags_become_the_long_form(short: str, long: object) -> None:
    assert resource(short) == long


def test_a_condition_is_named_not_called() -> None:
    template = parse("Resources: {}\nConditions: {A: !Not [!Condition B]}")
    assert template["Conditions"]["A"] == {"Fn::Not": [{"Condition": "B"}]}


def test_merged_tables_give_way_to_what_stands_beside_them() -> None:
    template = parse("Resources:\n  A: &a {Type: T, Properties: {P: 1}}\n  B:\n    <<: *a\n    Type: U\n")
    assert template["Resources"]["B"] == {"Type": "U", "Properties": {"P": 1}}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Resources: {A: {Type: T}, A: {Type: T}}", "given twice"),
        ("Resources: [", "not readable as YAML"),
        ("Parameters: {}", "has no Resources"),
    ],
)
def test_what_is_no_template_is_refused(text: str, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        parse(text)
