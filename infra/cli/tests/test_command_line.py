"""The command line: common options, exit codes, one sentence when something does not go."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from typer.testing import CliRunner

from accunode_infra.aws import in_words
from accunode_infra.cli import app
from accunode_infra.commands import VERBS
from accunode_infra.desired import from_file
from accunode_infra.errors import FailedError, RefusedError
from accunode_infra.output import Output


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    found = CliRunner().invoke(app, [verb, "--help"])
    assert found.exit_code == 0
    assert "Usage" in found.output


def test_where_only_the_product_is_installed_one_sentence_says_what_the_command_lacks() -> None:
    without = "import sys; sys.modules['boto3'] = sys.modules['botocore'] = None; "
    code = f"{without}from accunode_infra.__main__ import main; main()"
    found = subprocess.run([sys.executable, "-c", code, "cost"], capture_output=True, text=True, check=False)
    assert found.returncode == 3
    assert found.stderr.startswith("accunode-infra needs boto")
    assert found.stderr.endswith("run `make .venv/.dev`, then this again.\n")
    assert found.stderr.count("\n") == 1


def test_an_environment_with_an_impossible_name_is_wrong_use() -> None:
    found = CliRunner().invoke(app, ["params", "network", "--env", "Production!"])
    assert found.exit_code == 2
    assert "is no name for an environment" in found.stderr


def test_common_options_may_stand_after_the_verb() -> None:
    found = CliRunner().invoke(app, ["params", "nowhere", "--json", "--env=test"])
    assert found.exit_code == 2
    assert json.loads(found.stdout)["error"].startswith("There is no stack nowhere")


def test_what_follows_two_hyphens_is_not_taken_for_a_common_option() -> None:
    found = CliRunner().invoke(app, ["params", "--", "--json"])
    assert found.exit_code == 2
    assert "There is no stack --json" in found.stderr


def answer(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "why it is so."}}, "CreateStack")


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (NoCredentialsError(), RefusedError, "No AWS credentials were found"),
        (answer("ExpiredToken"), RefusedError, "have expired"),
        (answer("InvalidClientTokenId"), RefusedError, "does not take these credentials"),
        (answer("AccessDenied"), RefusedError, "may not do CreateStack"),
        (answer("Throttling"), FailedError, "too many requests"),
        (answer("OptInRequired"), RefusedError, "--region"),
        (answer("SomethingElse"), FailedError, "refused CreateStack: why it is so (SomethingElse)"),
        (
            EndpointConnectionError(endpoint_url="https://sts.nowhere-1.example"),
            RefusedError,
            "--region names a region",
        ),
    ],
)
def test_what_aws_answers_is_one_sentence_with_what_to_do(
    error: NoCredentialsError | ClientError, kind: type[Exception], words: str
) -> None:
    told = in_words(error)
    assert isinstance(told, kind)
    assert words in str(told)
    assert "\n" not in str(told)


def test_a_pipe_gets_a_row_a_line_and_every_name_whole(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    name = "accunode-production-service-bulk-upload" * 3
    Output().table(["stack", "says"], [(name, "a sentence of several words " * 9)])
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["stack", name]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"- a\n", b"edge: 3\n", b"", b"edge: [\n"])
def test_a_parameter_file_that_is_none_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "production.yaml"
    file.write_bytes(content)
    with pytest.raises(RefusedError, match=r"production\.yaml"):
        from_file(file)


def test_a_parameter_file_may_have_a_number_for_a_name_which_no_template_has(tmp_path: Path) -> None:
    file = tmp_path / "production.yaml"
    file.write_text("edge: {1: a}\n")
    assert from_file(file) == {"edge": {"1": "a"}}
