"""A scripted environment with the auth service live on its blue slot, and releases that are run in it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from infra.cli.tests.scripted.cloud import Cloud
from infra.cli.tests.scripted.operations import Operations
from infra.cli.tests.scripted.wire import Exchange, Wire
from typer.testing import Result

from accunode_infra import invocation
from accunode_infra.aws import Session
from accunode_infra.output import Output
from accunode_infra.release.deploy import ReleaseOptions, deploy, rollback
from accunode_infra.release.record import Record, Records
from accunode_infra.release.services import deployable
from accunode_infra.release.site import Site
from accunode_infra.release.slotted import Pace
from accunode_infra.waiting import Clock

PACE = Pace(watch=timedelta(seconds=45), bake=timedelta(seconds=45), settle=timedelta(minutes=2))


@dataclass
class Scene:
    """A scripted environment and the session that reaches it.

    Attributes:
        cloud: The model.
        session: The account.
        exchange: Where its calls end.
        old: The image of auth that serves.
        new: The image of auth that is to be released.
    """

    cloud: Cloud
    session: Session
    exchange: Exchange
    old: str = ""
    new: str = ""

    def process(self, **wire: object) -> Wire:
        """A process that calls from now on; the one before is gone."""
        self.exchange.wire = Wire(Operations(self.cloud), **wire)  # type: ignore[arg-type]
        return self.exchange.wire

    def site(self) -> Site:
        """The environment, as a new process sees it."""
        return Site(self.session, "production", Output(json=True), clock=self.cloud.clock, ask=self.cloud.ask)

    def deploy(self, image: str | None = None, service: str = "auth", **options: object) -> Record | None:
        """Release an image of a service."""
        wanted = ReleaseOptions(image=image or self.new, pace=PACE, **options)  # type: ignore[arg-type]
        return deploy(self.site(), deployable(service), wanted)

    def rollback(self, service: str = "auth", **options: object) -> Record:
        """Take the newest release of a service back."""
        return rollback(self.site(), deployable(service), pace=PACE, **options)  # type: ignore[arg-type]

    def records(self, service: str = "auth") -> list[Record]:
        """The service's deployment records."""
        return Records(self.site(), service).read()

    def live(self, service: str = "auth") -> str:
        """The image that has all requests, alone; fails when there is no such one."""
        values = self.cloud.state(service)
        full = [slot for slot in ("Blue", "Green") if values[f"{slot}Weight"] == "100"]
        up = [slot for slot in ("Blue", "Green") if values[f"{slot}Count"] != "0"]
        assert full == up, f"not one live slot: {values}"
        assert values["ActiveSlot"] == full[0].lower()
        return values[f"{full[0]}Image"]


@pytest.fixture(scope="session")
def _account() -> tuple[Session, Exchange]:
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    session = Session(region="us-east-1", poll_seconds=5)
    return session, Exchange(session.events)


@pytest.fixture
def scene(_account: tuple[Session, Exchange]) -> Iterator[Scene]:
    """An environment whose auth service has run on one image for a while; a second image waits."""
    yield live_scene(*_account)
    _account[1].wire = None


def live_scene(session: Session, exchange: Exchange) -> Scene:
    """An environment whose auth service has run on one image for a while; a second image waits."""
    cloud = Cloud()
    cloud.add_static()
    cloud.add_service("auth")
    cloud.add_service("tenants")
    scene = Scene(cloud, session, exchange)
    scene.old, scene.new = cloud.image("auth", 1), cloud.image("auth", 2)
    cloud.state("auth").update(BlueImage=scene.old, BlueCount="2")
    cloud.apply(cloud.stacks["accunode-production-service-auth"], cloud.clock.now())
    cloud.settle()
    cloud.stacks["accunode-production-service-auth"].parameters["Cpu"] = "live"
    scene.process()
    return scene


@pytest.fixture
def command(scene: Scene, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command in the scripted environment, by its clock."""
    monkeypatch.setattr(invocation, "Session", lambda **_: scene.session)
    monkeypatch.setattr(Clock, "now", lambda _: scene.cloud.clock.now())
    monkeypatch.setattr(Clock, "sleep", lambda _, seconds: scene.cloud.clock.sleep(seconds))
    monkeypatch.setattr(httpx, "get", lambda url, headers, **_: scene.cloud.ask(url, headers))
    return run
