"""Run by the linters' Python: the actions that AWS names beside those on standard input, as it asks for them too.

Writes {action: [actions beside it]} as JSON, of AWS's own reference as parliament brings it.
"""

import json
import sys
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from parliament import iam_definition

beside: dict[str, set[str]] = {}
for service in iam_definition:
    for privilege in service["privileges"]:
        found = beside.setdefault(f"{service['prefix']}:{privilege['privilege']}".lower(), set())
        for resource in privilege["resource_types"]:
            found.update(resource["dependent_actions"])
json.dump({action: sorted(beside.get(action.lower(), ())) for action in json.load(sys.stdin)}, sys.stdout)
