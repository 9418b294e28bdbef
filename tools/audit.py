"""Looks every pinned version up among the known vulnerabilities: audit.py PIP_AUDIT [its options].

It ends with 0 when there are none, 1 when there are some, and 3 when they could not be looked up, which is told in one
sentence. An index can be named as `pip-audit` takes it: `--vulnerability-service osv --osv-url URL`.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CLEAN, VULNERABLE, NOT_CHECKED = 0, 1, 3


def requirement_files() -> list[Path]:
    """Every file of pinned and hashed requirements."""
    folders = ("requirements", "services/*", "workers/*", "infra/*")
    return sorted(file for folder in folders for file in ROOT.glob(f"{folder}/*.txt") if "--hash=" in file.read_text())


def look_up(program: str, options: list[str], *files: Path) -> str:
    """What `pip-audit` says about the files, as JSON; nothing when it failed."""
    command = [program, "--format", "json", "--desc", "off", "--progress-spinner", "off", "--require-hashes"]
    command += ["--disable-pip", "--timeout", "10", *options]
    command += [part for file in files for part in ("--requirement", str(file))]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout  # noqa: S603


def verdict(reports: list[str]) -> tuple[int, list[str]]:
    """The exit code and the lines that tell what the reports found.

    A package that an index does not know counts as not looked up: `pip-audit` by itself takes it for harmless.
    """
    found: set[str] = set()
    checked: set[str] = set()
    unknown: set[str] = set()
    for report in reports:
        for package in json.loads(report)["dependencies"] if report.strip() else ():
            if "skip_reason" in package:
                unknown.add(package["name"])
                continue
            checked.add(package["name"])
            for fault in package["vulns"]:
                fixed = f"; mended in {', '.join(fault['fix_versions'])}" if fault["fix_versions"] else ""
                found.add(f"{package['name']} {package['version']}: {fault['id']}{fixed}")
    if not checked:
        return NOT_CHECKED, ["No index could be reached, so nothing was looked up."]
    lines = sorted(found)
    if unknown:
        lines.append(f"The index does not know {', '.join(sorted(unknown))}.")
    if not all(report.strip() for report in reports):
        lines.append("The index did not answer for every requirement file.")
    complete = len(lines) == len(found)
    lines.append(f"{len(checked)} packages were looked up; {len(found)} vulnerabilities are known.")
    return VULNERABLE if found else CLEAN if complete else NOT_CHECKED, lines


def main() -> int:
    """Look up the smallest file, to see whether an index answers at all, and then the others."""
    program, *options = sys.argv[1:]
    first, *others = sorted(requirement_files(), key=lambda file: file.stat().st_size)
    reports = [look_up(program, options, first)]
    code, lines = verdict(reports)
    if code != NOT_CHECKED:
        code, lines = verdict([*reports, look_up(program, options, *others)])
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
