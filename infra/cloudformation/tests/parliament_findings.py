"""Run by the linters' Python: reads [[name, policy], …] and writes what parliament finds, as JSON."""

import json
import sys
import warnings

warnings.simplefilter("ignore")
import parliament  # noqa: E402

found = [
    {"policy": name, "issue": finding.issue, "detail": str(finding.detail)}
    for name, policy in json.load(sys.stdin)
    for finding in parliament.analyze_policy_string(json.dumps(policy)).findings
]
json.dump(found, sys.stdout)
