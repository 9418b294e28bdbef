"""What the parameter store holds once the CLI has written it: drawn and composed by the CLI, in an emulated AWS."""

import json
from collections.abc import Mapping

import boto3
import pytest
from moto import mock_aws

from accunode_infra.aws import Session
from accunode_infra.output import Output
from accunode_infra.release.site import Site
from accunode_infra.secrets.draw import draw


def written_by_the_cli(environment: str, region: str, exports: Mapping[str, str]) -> dict[str, str]:
    """Every secret by the name of its parameter, for stacks that export what is given."""
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {
            f"Output{number}": {"Value": value, "Export": {"Name": name}}
            for number, (name, value) in enumerate(exports.items())
        },
    }
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", region)
        cloudformation = boto3.client("cloudformation", region_name=region)
        cloudformation.create_stack(StackName=f"accunode-{environment}-data", TemplateBody=json.dumps(template))
        _, waiting = draw(Site(Session(), environment, Output(json=True)))
        assert waiting == []
        pages = boto3.client("ssm", region_name=region).get_paginator("get_parameters_by_path")
        found = pages.paginate(Path=f"/accunode/{environment}", Recursive=True, WithDecryption=True)
        return {each["Name"]: each["Value"] for page in found for each in page["Parameters"]}
