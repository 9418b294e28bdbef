"""The gateway's routing is the path table's, and nothing else."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from accunode_bulk_upload.app import FORM_BYTES
from accunode_bulk_upload.settings import UploadSettings
from accunode_common.routing import SERVICES
from accunode_common.testing.routes import service_for
from accunode_docker.cli import GATEWAY
from accunode_docker.routes import generated, routes, slots, variable

PATHS = (
    *(prefix for service in SERVICES for prefix in service.prefixes),
    *(f"{prefix}/a/b" for service in SERVICES for prefix in service.prefixes),
    "/api/v1/authority",
    "/api/v1/companies-of-others",
    "/api/v2/auth/login",
    "/xapi/v1/auth",
    "/.well-known/jwksxjson",
    "/health",
    "/",
)


@pytest.mark.parametrize("name", sorted(generated()))
def test_what_is_committed_is_what_the_path_table_says(name: str) -> None:
    assert (GATEWAY / name).read_text() == generated()[name], "run `python -m accunode_docker routes`"


def test_no_file_is_left_of_a_service_that_is_gone() -> None:
    committed = {path.relative_to(GATEWAY).as_posix() for path in GATEWAY.glob("slots/*")}
    assert committed == {name for name in generated() if name.startswith("slots/")}


@pytest.mark.parametrize("path", PATHS)
def test_a_path_goes_where_the_path_table_sends_it(path: str) -> None:
    rules = re.findall(r'"~(\^\S+)" \$(upstream_\w+);', routes())
    matching = [target for pattern, target in rules if re.search(pattern, path)]
    service = service_for(path)
    assert matching == ([variable(service)] if service else [])


def test_shares_are_divided_and_the_last_copy_takes_the_rest() -> None:
    service = SERVICES[0]
    text = slots(service, [("auth", 90), ("gone", 0), ("auth-next", 10)])
    assert re.findall(r"(\S+) (\S+):(\d+);", text) == [("90%", "auth", "8001"), ("*", "auth-next", "8001")]


@pytest.mark.parametrize("shares", [[("auth", 90)], [("auth", 110), ("next", -10)], []])
def test_shares_that_do_not_add_up_are_refused(shares: list[tuple[str, int]]) -> None:
    with pytest.raises(ValueError, match="add up to 100"):
        slots(SERVICES[0], shares)


def test_the_refusals_are_problem_details() -> None:
    problems = [json.loads(text) for text in re.findall(r"default '(\{.*\})';", routes())]
    assert {problem["status"] for problem in problems} == {404, 413, 503}
    for problem in problems:
        assert set(problem) == {"type", "title", "status", "detail", "instance", "request_id", "errors"}


def test_a_body_that_is_too_large_is_told_the_limit_and_the_largest_upload_passes() -> None:
    [limit] = re.findall(r"^client_max_body_size (\d+)m;$", routes(), re.MULTILINE)
    assert f"The body may have at most {limit} MiB." in routes()
    largest = UploadSettings.model_fields["max_bytes"].default + FORM_BYTES
    assert largest <= int(limit) * 1024 * 1024


@pytest.mark.parametrize("script", sorted(GATEWAY.parent.rglob("*.sh")), ids=lambda path: path.name)
def test_the_scripts_can_be_read_by_a_plain_shell(script: Path) -> None:
    done = subprocess.run(["sh", "-n", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
