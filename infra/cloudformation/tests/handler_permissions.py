"""Run by the linters' Python: what the provider schemas of cfn-lint say of the types named on standard input.

Writes {type: {"permissions": […], "writes": […], "tags": "Tags" or null, "fixed": […]}} as JSON: what CloudFormation
calls to create, read, update and delete a resource of the type (`writes`: without reading), the property that holds its
tags, and the paths of the properties that only another resource in its place can change.
"""

import json
import sys
from pathlib import Path

import cfnlint

schemas = Path(cfnlint.__file__).parent / "data" / "schemas"
providers = json.loads((schemas / "providers" / "us-east-1.json").read_text())
found = {}
for kind in json.load(sys.stdin):
    schema = json.loads((schemas / "resources" / f"{providers[kind]}.json").read_text())
    handlers = schema.get("handlers") or {}
    tagging = schema.get("tagging") or {}
    found[kind] = {
        "writes": sorted(
            {
                action
                for verb in ("create", "update", "delete")
                for action in handlers.get(verb, {}).get("permissions", [])
            }
        ),
        "permissions": sorted({action for verb in handlers.values() for action in verb.get("permissions", [])}),
        "fixed": [path.removeprefix("/properties/") for path in schema.get("createOnlyProperties", [])],
        "tags": tagging["tagProperty"].removeprefix("/properties/") if tagging.get("taggable") else None,
    }
json.dump(found, sys.stdout)
