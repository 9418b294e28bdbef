"""What is wrong is found before anything is done; what fails is explained, taken back, and can be cleaned."""

from pathlib import Path

import pytest
from infra.cli.tests.emulator.calls import recording
from infra.cli.tests.emulator.conftest import COMMIT, PROGRAMS, Cli, first_deploy
from infra.cli.tests.emulator.server import Emulator
from infra.cli.tests.emulator.stage import stands, write_secrets

from accunode_infra.templates import load


@pytest.fixture
def begun(cli: Cli, emulator: Emulator) -> Emulator:
    """An account with the first phase."""
    cli("deploy", "bootstrap", "network", "observability")
    return emulator


def test_a_stack_is_not_deployed_before_what_it_needs(cli: Cli, emulator: Emulator) -> None:
    assert "data needs network, which does not stand" in cli("deploy", "data", code=3)["error"]
    assert stands(emulator) == set()


def test_without_credentials_nothing_is_begun(cli: Cli, emulator: Emulator) -> None:
    said = cli("deploy", code=3, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert "No AWS credentials were found" in said["error"]
    assert stands(emulator) == set()


def test_a_region_that_does_not_exist_is_refused(cli: Cli, emulator: Emulator) -> None:
    assert "There is no AWS region 'mars-east-1'" in cli("deploy", "--region", "mars-east-1", code=3)["error"]
    assert stands(emulator) == set()


def test_without_room_for_another_network_nothing_is_begun(cli: Cli, emulator: Emulator) -> None:
    for number in range(5):
        emulator.client("ec2").create_vpc(CidrBlock=f"10.{number}.0.0/16")
    said = cli("deploy", "bootstrap", "network", code=3)
    assert "quota: VPCs is too small" in said["error"]
    assert "request-service-quota-increase" in said["error"]
    assert stands(emulator) == set()


def test_files_that_differ_from_the_commit_are_refused_before_the_first_stack(cli: Cli, emulator: Emulator) -> None:
    said = cli(*first_deploy(emulator), code=3, CHECKED_OUT=f"{COMMIT}-dirty")
    assert "Files differ from the commit" in said["error"]
    assert stands(emulator) == set()


def test_without_docker_nothing_is_begun(cli: Cli, emulator: Emulator, tmp_path: Path) -> None:
    (tmp_path / "git").symlink_to(PROGRAMS / "git")
    (tmp_path / "sh").symlink_to("/bin/sh")
    said = cli(*first_deploy(emulator), code=3, PATH=str(tmp_path))
    assert "docker: It is not installed" in said["error"]
    assert stands(emulator) == set()


def test_an_image_that_no_registry_can_have_is_refused_before_the_first_stack(cli: Cli, emulator: Emulator) -> None:
    said = cli(*first_deploy(emulator), "--image", "auth=v1", code=3)
    assert "The registry does not stand yet, so it has no v1 of auth" in said["error"]
    assert stands(emulator) == set()


def test_without_a_domain_nothing_is_begun(cli: Cli, emulator: Emulator) -> None:
    assert "DomainName" in cli("deploy", code=3)["error"]
    assert stands(emulator) == set()


def test_a_secret_that_nobody_can_draw_is_refused_before_the_first_stack(cli: Cli, emulator: Emulator) -> None:
    said = cli(*first_deploy(emulator), "--set", "service-auth.Mail=true", code=3)
    assert "write it with `accunode-infra secrets put auth/mail-url`" in said["error"]
    assert stands(emulator) == set()


def test_the_password_of_a_database_that_stands_is_not_drawn_again(cli: Cli, begun: Emulator) -> None:
    cli("deploy", "data")
    for name in ("data/master-password", "cache/auth-token"):
        begun.client("ssm").delete_parameter(Name=f"/accunode/production/{name}")
    assert "data/master-password is gone and its server stands" in cli("deploy", "cache", code=1)["error"]


def test_a_failed_first_create_is_explained_and_its_remains_are_deleted_by_the_next(cli: Cli, begun: Emulator) -> None:
    write_secrets(begun)
    generation = load("data")["Parameters"]["Generation"]["Default"]
    group = f"/aws/rds/instance/accunode-production-{generation}/postgresql"
    begun.client("logs").create_log_group(logGroupName=group)
    said = cli("deploy", "data", code=1)
    assert "accunode-production-data was not created: Log (AWS::Logs::LogGroup)" in said["error"]
    assert begun.engine.stack("accunode-production-data").status == "ROLLBACK_COMPLETE"
    assert cli("events", "data")["cause"]["resource"] == "Log"
    begun.client("logs").delete_log_group(logGroupName=group)
    cli("deploy", "data")
    assert begun.engine.stack("accunode-production-data").status == "CREATE_COMPLETE"


def test_doctor_names_what_is_missing(cli: Cli, emulator: Emulator) -> None:
    checks = {each["name"]: each for each in cli("doctor", code=4)["checks"]}
    assert checks["credentials"]["well"]
    assert not checks["domain"]["well"]


def test_the_calls_of_the_command_line_are_recorded_and_the_emulator_s_are_not(cli: Cli, emulator: Emulator) -> None:
    with recording() as calls:
        cli("deploy", "bootstrap")
    assert ("cloudformation", "ExecuteChangeSet") in calls
    assert ("iam", "CreateRole") not in calls
