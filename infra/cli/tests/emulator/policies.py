"""AWS's own policies that templates attach; moto would parse all there are, for each partition and at each reset."""

import functools
import json
import re
from typing import Any

from moto.iam.models import AWSManagedPolicy, IAMBackend, aws_managed_policies_data

from accunode_infra.templates import CLOUDFORMATION

_NAMED = re.compile(r"iam::aws:policy/(?:[\w-]+/)*(\w+)")


@functools.cache
def _attached() -> dict[str, Any]:
    named = {name for file in (CLOUDFORMATION / "templates").iterdir() for name in _NAMED.findall(file.read_text())}
    return {name: policy for name, policy in json.loads(aws_managed_policies_data).items() if name in named}


def aws_policies(iam: IAMBackend) -> list[AWSManagedPolicy]:
    """Those of moto's that some template names; one that moto does not know is not there."""
    return [
        AWSManagedPolicy.from_data(name, iam.account_id, iam.region_name, policy)
        for name, policy in _attached().items()
    ]
