"""Pins every dependency: constraints.txt for all of them, and hashed requirements for each environment and image.

Usage: lock.py [--upgrade]. Kept versions stay unless they are to be upgraded. Needs uv beside this interpreter.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UV = Path(sys.executable).with_name("uv")
OLDEST_PYTHON = "3.11"
DEPLOYABLES = {
    "services/auth": (),
    "services/tenants": (),
    "services/predictions": (),
    "services/bulk-upload": (),
    "workers/ml": (),
    "infra/docker": ("s3",),
}


def own_distributions() -> list[str]:
    """The names of the distributions in this repository: never pinned, as they are installed from it."""
    manifests = [*ROOT.glob("libs/*/pyproject.toml"), *ROOT.glob("services/*/pyproject.toml")]
    manifests += [*ROOT.glob("workers/*/pyproject.toml"), *ROOT.glob("infra/**/pyproject.toml")]
    return [*sorted(f"accunode-{path.parent.name}" for path in manifests), "accunode-infra"]


def compile_to(output: str, *sources: str, hashes: bool = True, apart: bool = False) -> None:
    """Pin what the sources name. What is `apart` shares no environment with the rest, and so no version."""
    command = [str(UV), "pip", "compile", "--quiet", "--universal", "--python-version", OLDEST_PYTHON, "--no-header"]
    command += [part for name in own_distributions() for part in ("--no-emit-package", name)]
    # Comments would name the packages that ask for each; without hashes the file is for people to read.
    command += ["--generate-hashes"] if hashes else ["--no-annotate"]
    command += ["--constraints", "constraints.txt"] if hashes and not apart else []
    command += ["--upgrade"] if "--upgrade" in sys.argv[1:] and (apart or not hashes) else []
    subprocess.run([*command, *sources, "--output-file", output], cwd=ROOT, check=True)  # noqa: S603
    sys.stdout.write(f"{output}\n")


def main() -> None:
    (ROOT / "requirements").mkdir(exist_ok=True)
    compile_to("constraints.txt", "--group", "dev", "--group", "embedded-redis", "--group", "audit", hashes=False)
    compile_to("requirements/build.txt", "--group", "build")
    compile_to("requirements/run.txt", "--group", "run")
    compile_to("requirements/embedded-redis.txt", "--group", "embedded-redis")
    compile_to("requirements/dev.txt", "--group", "dev")
    compile_to("requirements/audit.txt", "--group", "audit")
    compile_to("requirements/infra.txt", "--group", "infra", apart=True)
    compile_to("requirements/guard.txt", "--group", "guard", "--no-deps", apart=True)
    for folder, extras in DEPLOYABLES.items():
        wanted = [part for extra in extras for part in ("--extra", extra)]
        compile_to(f"{folder}/requirements.txt", f"{folder}/pyproject.toml", *wanted)


if __name__ == "__main__":
    main()
