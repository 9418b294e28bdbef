"""A template is resolved as far as that goes without AWS, and no further."""

from typing import Any

import pytest

from accunode_infra.errors import RefusedError
from accunode_infra.resolve import Resolved, is_symbolic, resolve
from accunode_infra.templates import parse

HEAD = """
Parameters:
  Environment: {Type: String, Default: production, AllowedPattern: '^[a-z]+$'}
  Count: {Type: Number, Default: 2, MinValue: 1, MaxValue: 4}
  Zones: {Type: CommaDelimitedList, Default: 'a, b'}
  Image: {Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', Default: /ami}
  Secret: {Type: String, NoEcho: true, Default: x, MaxLength: 3}
Mappings: {Sizes: {startup: {class: small}}}
Conditions:
  Many: !Not [!Equals [!Ref Count, 1]]
  Test: !And [!Condition Many, !Equals [!Ref Environment, test]]
"""


def resolved(body: str, imports: dict[str, Any] | None = None, **parameters: Any) -> Resolved:
    return resolve(parse(HEAD + body), parameters, imports=imports)


def value(expression: str, **parameters: Any) -> Any:
    body = f"Resources:\n  B: {{Type: T}}\n  A:\n    Type: T\n    Properties:\n      P: {expression}\n"
    return resolved(body, **parameters).resources["A"].properties.get("P", "absent")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("!Ref Count", 2),
        ("!Ref Zones", ["a", "b"]),
        ("!Ref AWS::Region", "us-east-1"),
        ("!Ref B", {"Ref": "B"}),
        ("!Ref Image", {"Ref": "Image"}),
        ("!GetAtt B.Arn", {"Fn::GetAtt": ["B", "Arn"]}),
        ("!If [Many, yes-many, one]", "yes-many"),
        ("!If [Test, here, !Ref AWS::NoValue]", "absent"),
        ("[!If [Test, 1, !Ref AWS::NoValue], 2]", [2]),
        ("!Sub 'accunode-${Environment}-${Count}-${!kept}'", "accunode-production-2-${kept}"),
        ("!Sub 'x-${Environment}-${B.Arn}-${!kept}'", {"Fn::Sub": "x-production-${B.Arn}-${!kept}"}),
        ("!Sub ['${one}-${Environment}', {one: !Ref Count}]", "2-production"),
        ("!Sub ['${one}', {one: !GetAtt B.Arn}]", {"Fn::Sub": ["${one}", {"one": {"Fn::GetAtt": ["B", "Arn"]}}]}),
        ("!Join ['-', [a, !Ref Count]]", "a-2"),
        ("!Join ['-', [a, !Ref B]]", {"Fn::Join": ["-", ["a", {"Ref": "B"}]]}),
        ("!Select [1, !Ref Zones]", "b"),
        ("!Select [0, !Split [':', 'x:y']]", "x"),
        ("!Select [0, !GetAZs '']", "us-east-1a"),
        ("!FindInMap [Sizes, startup, class]", "small"),
        ("!Select [1, !Cidr [10.0.0.0/16, 3, 8]]", "10.0.1.0/24"),
        ("{Condition: {StringEquals: {a: !Ref Environment}}}", {"Condition": {"StringEquals": {"a": "production"}}}),
        ("!ImportValue {'Fn::Sub': 'accunode-${Environment}-VpcId'}", {"Fn::ImportValue": "accunode-production-VpcId"}),
    ],
)
def test_functions_become_values_unless_only_aws_knows_them(expression: str, expected: Any) -> None:
    assert value(expression) == expected


def test_imports_that_are_given_are_put_in() -> None:
    body = "Resources: {A: {Type: T, Properties: {P: !Split [',', !ImportValue Subnets]}}}"
    assert resolved(body, imports={"Subnets": "s-1,s-2"}).resources["A"].properties == {"P": ["s-1", "s-2"]}
    assert is_symbolic(resolved(body).resources["A"].properties["P"])


def test_resources_and_outputs_whose_condition_fails_are_not_there() -> None:
    body = (
        "Resources: {A: {Type: T, Condition: Test, DeletionPolicy: Retain}, B: {Type: T}}\n"
        "Outputs: {Arn: {Value: !GetAtt B.Arn, Export: {Name: !Sub '${Environment}-Arn'}}, "
        "No: {Condition: Test, Value: 1}}"
    )
    production = resolved(body)
    assert list(production.resources) == ["B"]
    assert production.exports == {"production-Arn": {"Fn::GetAtt": ["B", "Arn"]}}
    assert production.conditions == {"Many": True, "Test": False}
    assert resolved(body, Environment="test").resources["A"].attributes == {"DeletionPolicy": "Retain"}


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"Count": 5}, "Count cannot be '5': it is 4 or less"),
        ({"Count": "many"}, "Count must be a number"),
        ({"Environment": "Prod"}, "Environment cannot be 'Prod': it must match"),
        ({"Nobody": 1}, "no parameter Nobody"),
        ({"Secret": "hunter2"}, "Secret cannot be what was given"),
    ],
)
def test_parameters_that_cloudformation_would_refuse_are_refused(parameters: dict[str, Any], why: str) -> None:
    with pytest.raises(RefusedError, match=why) as refusal:
        resolved("Resources: {}", **parameters)
    assert "hunter2" not in str(refusal.value)


def test_an_assertion_that_fails_is_told_in_its_own_words() -> None:
    body = (
        "Resources: {}\nRules: {R: {Assertions: [{Assert: !Equals [!Ref Count, 3], AssertDescription: Take three.}]}}"
    )
    with pytest.raises(RefusedError, match="Take three"):
        resolved(body)
    assert resolved(body, Count=3).parameters["Count"] == 3


def test_a_name_that_the_template_lacks_is_refused() -> None:
    with pytest.raises(RefusedError, match="neither a parameter nor a resource Nothing"):
        value("!Ref Nothing")
