"""The registry's images: which are in use, which can be gone back to, and which may go."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from accunode_infra.aws import Session
from accunode_infra.errors import FailedError
from accunode_infra.release.record import Records
from accunode_infra.release.services import DEPLOYABLES
from accunode_infra.release.site import Site, pages
from accunode_infra.stackops.standing import Standing, standing_all

_VARIANT = "ImageReferencedByManifestList"
"""Goes with the index of images that it is one of."""
_IMAGES = ("BlueImage", "GreenImage", "Image")


@dataclass(frozen=True)
class Stored:
    """An image in a repository.

    Attributes:
        used_by: The stacks that name it, in any environment; an image that one names is never deleted.
        recorded: Whether a deployment record of any environment names it, so that it can be gone back to.
    """

    repository: str
    digest: str
    tags: tuple[str, ...]
    pushed: datetime
    used_by: tuple[str, ...]
    recorded: bool

    @property
    def needed(self) -> bool:
        """Whether something names it."""
        return bool(self.used_by) or self.recorded


def named_by_stacks(session: Session) -> dict[str, tuple[str, ...]]:
    """The stacks that name each digest, over all environments of the account."""
    return _named_by(standing_all(session).values())


def _named_by(stacks: Iterable[Standing]) -> dict[str, tuple[str, ...]]:
    named: dict[str, tuple[str, ...]] = {}
    for stack in stacks:
        for digest in _digests(stack):
            named[digest] = (*named.get(digest, ()), stack.name)
    return named


def _digests(stack: Standing) -> list[str]:
    named = (stack.parameters.get(name, "").partition("@")[2] for name in _IMAGES)
    return [digest for digest in named if digest]


def stored(site: Site) -> list[Stored]:
    """The images of all repositories, newest first within each.

    Raises:
        FailedError: A stack names an image that the registry does not have any more.
    """
    stacks = standing_all(site.session).values()
    named = _named_by(stacks)
    environments = {site.name, *(stack.parameters.get("Environment", site.name) for stack in stacks if _digests(stack))}
    recorded = {
        image.partition("@")[2]
        for environment in environments
        for service in DEPLOYABLES
        for record in Records(replace(site, name=environment), service.name).read()
        for image in (record.image, record.before)
    }
    found: list[Stored] = []
    for repository in sorted({each.repository for each in DEPLOYABLES}):
        images = pages(site.client("ecr"), "describe_images", "imageDetails", repositoryName=repository)
        for each in sorted(images, key=lambda each: each["imagePushedAt"], reverse=True):
            digest = each["imageDigest"]
            tags = tuple(sorted(each.get("imageTags", [])))
            users = named.get(digest, ())
            found.append(Stored(repository, digest, tags, each["imagePushedAt"], users, digest in recorded))
    if lost := set(named) - {each.digest for each in found}:
        left = sorted({stack for digest in lost for stack in named[digest]})
        raise FailedError(
            f"{', '.join(left)} name images that the registry does not have any more: copies that run go on, and none "
            "can be started; release another image."
        )
    return found


def superfluous(images: Iterable[Stored], keep: int) -> list[Stored]:
    """What may go: beyond the newest `keep` of each repository, and named by nothing."""
    counted: dict[str, int] = {}
    gone = []
    for image in images:
        counted[image.repository] = counted.get(image.repository, 0) + 1
        if counted[image.repository] > keep and not image.needed:
            gone.append(image)
    return gone


def delete(site: Site, images: Iterable[Stored]) -> None:
    """Delete images; what has come into use since it was looked at stays.

    Raises:
        FailedError: The registry refuses.
    """
    for image in images:
        if image.digest in named_by_stacks(site.session):
            continue
        answer = site.client("ecr").batch_delete_image(
            repositoryName=image.repository, imageIds=[{"imageDigest": image.digest}]
        )
        for failure in answer.get("failures", []):
            if failure.get("failureCode") != _VARIANT:
                raise FailedError(
                    f"The registry keeps {image.digest[:19]}: {failure.get('failureReason', 'no reason')}."
                )
