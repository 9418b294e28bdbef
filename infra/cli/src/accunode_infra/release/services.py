"""What can be released: the API services through slots, the workers and the relay by rolling."""

from dataclasses import dataclass

from accunode_common.routing import SERVICES
from accunode_infra.errors import UsageError
from accunode_infra.release.image import Made
from accunode_infra.release.rolling import RollingRelease
from accunode_infra.release.site import Site
from accunode_infra.release.slotted import Pace, SlottedRelease


@dataclass(frozen=True)
class Deployable:
    """Something that is released on its own.

    Attributes:
        name: Its name.
        image: The image that it runs, of `accunode_docker.images`.
        pool: The export that names the capacity provider it runs on.
        slotted: Whether it has slots behind the load balancer.
    """

    name: str
    image: str
    pool: str
    slotted: bool

    @property
    def repository(self) -> str:
        """Its repository in the registry."""
        return f"accunode/{self.image}"

    @property
    def stack(self) -> str:
        """Its stack's short name."""
        return f"service-{self.name}" if self.slotted else self.name

    def release(self, site: Site, made: Made, pace: Pace) -> SlottedRelease | RollingRelease:
        """Its way to an image."""
        kind = SlottedRelease if self.slotted else RollingRelease
        return kind(site, self.name, made, pace)


DEPLOYABLES = (
    *(Deployable(each.name, each.name, "ApiCapacityProvider", slotted=True) for each in SERVICES),
    Deployable("worker", "worker", "WorkerCapacityProvider", slotted=False),
    Deployable("relay", "worker", "ApiCapacityProvider", slotted=False),
)
"""In the order in which all are released."""


def deployable(name: str) -> Deployable:
    """The deployable of that name.

    Raises:
        UsageError: There is none.
    """
    for each in DEPLOYABLES:
        if each.name == name:
            return each
    raise UsageError(f"There is no service {name}: they are {', '.join(each.name for each in DEPLOYABLES)}.")
