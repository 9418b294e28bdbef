"""What cannot be tried here is skipped on a machine of somebody's, and a failure where everything has to be tried."""

import pytest

from accunode_devstack.surroundings import absent, why_no_images, without_containers

WHY = "there is none here"


@pytest.fixture(autouse=True)
def nothing_required(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("CI", "ACCUNODE_REQUIRE_SHARED"):
        monkeypatch.delenv(variable, raising=False)


def test_what_is_absent_is_skipped_with_the_reason() -> None:
    with pytest.raises(pytest.skip.Exception, match=WHY):
        absent(WHY)
    with pytest.raises(pytest.skip.Exception, match=WHY):
        without_containers(WHY)


def test_where_everything_has_to_be_tried_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCUNODE_REQUIRE_SHARED", "1")
    with pytest.raises(pytest.fail.Exception, match=WHY):
        absent(WHY)
    with pytest.raises(pytest.fail.Exception, match=WHY):
        without_containers(WHY)


def test_a_clone_s_ci_has_an_engine_and_none_of_our_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.skip.Exception, match=WHY):
        absent(WHY)
    with pytest.raises(pytest.fail.Exception, match=WHY):
        without_containers(WHY)


def test_where_nobody_answers_there_are_no_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    assert why_no_images.__wrapped__("debian:bookworm-slim") == "no Docker engine answers here"
