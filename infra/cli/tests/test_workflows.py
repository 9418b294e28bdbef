"""The GitHub workflows: sound, pinned, and with no more permission than they use."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from accunode_infra.cli import app
from accunode_infra.templates import load

ROOT = Path(__file__).resolve().parents[3]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["jobs"]
    return found


def commands(path: Path) -> list[str]:
    return [line for job in jobs(path).values() for step in job["steps"] for line in step.get("run", "").splitlines()]


def takes_role(job: dict[str, Any]) -> bool:
    return any("configure-aws-credentials" in step.get("uses", "") for step in job["steps"])


def test_actionlint_finds_nothing() -> None:
    tools = ROOT / ".venv" / "infra" / "bin"
    if not (tools / "actionlint").is_file():
        pytest.fail("actionlint is not installed: `make test-infra` installs it.", pytrace=False)
    found = subprocess.run(
        [tools / "actionlint", "-shellcheck", tools / "shellcheck", *WORKFLOWS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_there_is_one_to_check_one_to_push_images_one_to_deploy_and_one_for_a_release() -> None:
    assert [path.stem for path in WORKFLOWS] == ["checks", "deploy", "images", "release"]


@each_workflow
def test_every_action_is_pinned_to_a_commit_with_its_version_beside_it(path: Path) -> None:
    used = [line.strip().removeprefix("- ") for line in path.read_text().splitlines() if "uses:" in line]
    assert used
    assert [line for line in used if not PINNED.fullmatch(line)] == []


def test_an_action_has_the_same_commit_in_every_workflow() -> None:
    lines = {line for path in WORKFLOWS for line in re.findall(r"uses: (\S+@\S+ # \S+)", path.read_text())}
    names = [line.partition("@")[0] for line in lines]
    assert len(names) == len(set(names))


@each_workflow
def test_a_workflow_reads_the_repository_and_a_job_asks_for_what_else_it_needs(path: Path) -> None:
    assert yaml.safe_load(path.read_text())["permissions"] == {"contents": "read"}
    for name, job in jobs(path).items():
        more = set(job.get("permissions", {}).items()) - {("contents", "read")}
        attaches = any("gh release upload" in step.get("run", "") for step in job["steps"])
        needed = {("id-token", "write")} if takes_role(job) else {("contents", "write")} if attaches else set()
        assert more == needed, name


@each_workflow
def test_a_role_is_only_taken_in_an_environment_whose_name_the_role_can_trust(path: Path) -> None:
    for job in jobs(path).values():
        if takes_role(job):
            assert "inputs.environment" in job["environment"]


@each_workflow
def test_no_key_is_stored_and_no_checkout_leaves_its_token_behind(path: Path) -> None:
    assert "secrets." not in path.read_text()
    for job in jobs(path).values():
        for step in job["steps"]:
            if "actions/checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


@each_workflow
def test_no_input_is_pasted_into_a_command(path: Path) -> None:
    assert [command for command in commands(path) if "${{" in command] == []


@each_workflow
def test_every_make_target_exists(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text().replace("$(VENV)", ".venv")
    targets = {command.split()[1] for command in commands(path) if command.startswith("make ")}
    assert {target for target in targets if not re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE)} == set()


@each_workflow
def test_every_option_of_the_command_line_exists(path: Path) -> None:
    from typer.main import get_command

    verbs = get_command(app).commands  # type: ignore[attr-defined]
    common = {name for option in get_command(app).params for name in option.opts}
    for job in jobs(path).values():
        for step in job["steps"]:
            run = step.get("run", "")
            for verb in re.findall(r"accunode-infra (\w+)", run):
                known = common | {name for option in verbs[verb].params for name in option.opts}
                assert set(re.findall(r"(?<![\w-])--[a-z-]+", run)) <= known, step["name"]


def test_a_deployment_ends_while_its_role_may_still_be_held() -> None:
    role = load("bootstrap")["Resources"]["DeployerRole"]["Properties"]
    deploy = jobs(ROOT / ".github" / "workflows" / "deploy.yml")["deploy"]
    asked = [
        step["with"]["role-duration-seconds"] for step in deploy["steps"] if "role-to-assume" in step.get("with", {})
    ]
    assert asked == [role["MaxSessionDuration"]]
    assert deploy["timeout-minutes"] * 60 <= asked[0]


def test_what_is_deployed_waits_for_a_plan() -> None:
    deploy = jobs(ROOT / ".github" / "workflows" / "deploy.yml")
    assert deploy["deploy"]["needs"] == "plan"
    assert deploy["plan"]["environment"] == "${{ inputs.environment }}-plan"
    assert deploy["deploy"]["environment"] == "${{ inputs.environment }}"


def test_a_release_gets_the_pages_of_the_model_cards() -> None:
    (job,) = jobs(ROOT / ".github" / "workflows" / "release.yml").values()
    made, attached = (step["run"] for step in job["steps"] if "run" in step)
    assert made == "make docs"
    assert attached.splitlines()[0] == "tar -C build -czf model-cards.tar.gz model-cards"


def test_every_image_is_pushed() -> None:
    from accunode_common.routing import SERVICES

    pushed = jobs(ROOT / ".github" / "workflows" / "images.yml")["push"]["strategy"]["matrix"]["service"]
    assert pushed == [*(service.name for service in SERVICES), "worker"]
