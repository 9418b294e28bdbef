"""`accunode-infra simulate` as people and programs use it."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import Result

from accunode_common.scaling import shipped_policy
from accunode_infra.simulation.day import load_day

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day with a handful of people, quick to replay."""
    day = load_day().with_users(5).model_dump(mode="json")
    path = tmp_path_factory.mktemp("day") / "quiet.yaml"
    path.write_text(yaml.safe_dump(day | {"name": "a quiet day"}))
    return path


def test_a_day_is_told_in_tables_a_picture_and_a_page(run: Run, quiet: Path, tmp_path: Path) -> None:
    picture, page = tmp_path / "day.png", tmp_path / "day.html"
    found = run("simulate", "--day", str(quiet), "--acts", "--chart", str(picture), "--html", str(page))
    assert found.exit_code == 0, found.output
    for title in ("Waits", "Fleets", "Dollars", "Limits", "Scaling acts", "Breaks first"):
        assert title in found.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 150_000
    text = page.read_text()
    assert "<svg" in text
    assert "a quiet day, Monday, 5 users, tier startup" in text
    # It needs nothing but itself: no script, and nothing is fetched. Names of XML's own are no addresses.
    assert not re.search(r"<script|<link|<img|src=|@import|href=\"(?!#)", text)


def test_the_document_and_the_picture_are_the_same_for_the_same_seed(run: Run, quiet: Path, tmp_path: Path) -> None:
    pictures = [tmp_path / "one.png", tmp_path / "two.png"]
    first, second = (
        run("simulate", "--json", "--day", str(quiet), "--seed", "7", "--chart", str(path)) for path in pictures
    )
    assert first.exit_code == 0, first.output
    assert json.loads(first.stdout) == json.loads(second.stdout)
    assert pictures[0].read_bytes() == pictures[1].read_bytes()
    assert json.loads(first.stdout)["requests"]["arrived"] > 0


def test_numbers_of_users_are_compared_with_what_breaks_first(run: Run, quiet: Path) -> None:
    found = run("simulate", "--json", "--day", str(quiet), "--users", "2,5")
    assert found.exit_code == 0, found.output
    few, more = json.loads(found.stdout)
    assert (few["name"], more["name"]) == ("2", "5")
    assert more["requests"]["arrived"] > few["requests"]["arrived"]
    assert few["breaks_first"]


def test_policies_are_compared_with_the_templates(run: Run, quiet: Path, tmp_path: Path) -> None:
    policy = shipped_policy().model_dump(mode="json")
    policy["name"] = "eager"
    policy["workers"]["maximum"] = 12
    policy["workers"]["minimum"] = 8
    path = tmp_path / "eager.json"
    path.write_text(json.dumps(policy))
    found = run("simulate", "--json", "--day", str(quiet), "--policy", str(path))
    assert found.exit_code == 0, found.output
    ours, eager = json.loads(found.stdout)
    assert eager["name"] == "eager (eager.json)"
    assert eager["instance_hours"]["workers"] > ours["instance_hours"]["workers"]
    assert eager["dollars"]["month"] > ours["dollars"]["month"]
    assert not any(act["fleet"] == "workers" for act in eager["acts"] if act["change"] < 0 and act["capacity"] < 8)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--users", "many"), 2, "--users takes numbers"),
        (("--weekday", "someday"), 2, "There is no someday"),
        (("--users", "1,2", "--chart", "x.png"), 2, "show one day"),
        (("--users", "1,2", "--policy", "x.json"), 2, "not both"),
        (("--day", "nowhere.yaml"), 3, "nowhere.yaml does not hold a day"),
        (("--times", "nowhere.yaml"), 3, "nowhere.yaml holds no service times"),
        (("--policy", "nowhere.json"), 3, "nowhere.json does not hold a policy"),
    ],
)
def test_what_cannot_be_replayed_is_refused_in_a_sentence(
    run: Run, words: tuple[str, ...], code: int, sentence: str
) -> None:
    found = run("simulate", *words)
    assert found.exit_code == code, found.output
    assert sentence in found.stderr
    assert "Traceback" not in found.output


def test_a_file_that_is_wrong_is_told_by_its_name_its_key_and_what_is_expected(
    run: Run, quiet: Path, tmp_path: Path
) -> None:
    day = yaml.safe_load(quiet.read_text())
    del day["files"]["tenants"]
    day["users"]["concurrent"] = "many"
    wrong, binary, policy = tmp_path / "wrong.yaml", tmp_path / "binary.yaml", tmp_path / "policy.json"
    wrong.write_text(yaml.safe_dump(day))
    binary.write_bytes(b"\xff\xfe\x00")
    policy.write_text(json.dumps(shipped_policy().model_dump(mode="json") | {"name": None}))
    for option, path, expected in (
        ("--day", wrong, "users.concurrent: input should be a valid integer, unable to parse string as an integer"),
        ("--day", wrong, "(and 1 more is wrong)"),
        ("--day", binary, "is not text in UTF-8"),
        ("--policy", policy, "name: input should be a valid string, not null"),
    ):
        found = run("simulate", option, str(path))
        assert found.exit_code == 3, found.output
        assert str(path) in found.stderr
        assert expected in found.stderr
        assert found.stderr.count("\n") == 1
        assert "pydantic" not in found.stderr


def test_a_day_whose_requests_are_not_a_whole_is_refused(run: Run, quiet: Path, tmp_path: Path) -> None:
    day = yaml.safe_load(quiet.read_text())
    day["requests"] = {"predict": 0.5}
    path = tmp_path / "half.yaml"
    path.write_text(yaml.safe_dump(day))
    found = run("simulate", "--day", str(path))
    assert found.exit_code == 3
    assert "shares of requests sum to 0.5 instead of 1" in found.stderr
