"""What a release asks a slot is what a fit copy answers so."""

from tests.applications import Running

from accunode_common.testing.routes import service_for
from accunode_infra.release.smoke import PATHS, fits


async def test_every_service_answers_what_a_release_asks_its_slot(services: list[Running]) -> None:
    for running in services:
        name = running.application.service.name
        for path in PATHS[name]:
            found = service_for(path)
            assert found is not None
            assert found.name == name, "the load balancer leads the path to the service"
            answer = await running.client.http.get(path)
            assert fits(path, answer), f"{path}: {answer.status_code} {answer.text}"
