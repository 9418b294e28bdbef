"""A release of an API service, from image to all requests."""

from infra.cli.tests.scripted.conftest import Scene

from accunode_infra.release.record import Outcome


def test_a_release_ends_with_the_new_image_alone_and_no_request_lost(scene: Scene) -> None:
    record = scene.deploy()
    assert record is not None
    assert record.outcome is Outcome.DEPLOYED
    assert scene.live() == scene.new
    assert scene.cloud.outages == []
    assert "/accunode/production/lock" not in scene.cloud.ssm
