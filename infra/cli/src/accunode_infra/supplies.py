"""Makes what new stacks need and no stack makes: secrets, images of the commit, a prepared database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import uuid4

from accunode_infra.aws import Session, explained
from accunode_infra.doctor.checks import tools
from accunode_infra.errors import FailedError, InfraError, RefusedError, UsageError
from accunode_infra.output import Output
from accunode_infra.planning import DesiredState, Target
from accunode_infra.prerequisites import image_name, image_parameter, migrate, missing_secrets, unknown_image
from accunode_infra.release.deploy import clean_commit
from accunode_infra.release.image import Made, NoImageError, find, push_commit
from accunode_infra.release.services import DEPLOYABLES
from accunode_infra.release.site import Site
from accunode_infra.resolve import resolve
from accunode_infra.secrets.draw import draw
from accunode_infra.secrets.store import AUTH_TOKEN, MASTER_PASSWORD, NEEDED, Store
from accunode_infra.stacks import parameters, stack
from accunode_infra.templates import load

MIGRATE = "migrate"
_IMAGES = tuple(dict.fromkeys(each.image for each in DEPLOYABLES))


def images_by_name(given: Iterable[str]) -> dict[str, str]:
    """What `--image` says: `auth=sha256:…` for one image, a tag alone for all of them.

    Raises:
        UsageError: There is no such image.
    """
    found: dict[str, str] = {}
    for each in given:
        name, equals, reference = each.partition("=")
        if not equals:
            found = dict.fromkeys(_IMAGES, each) | found
        elif name in _IMAGES:
            found[name] = reference
        else:
            raise UsageError(f"There is no image {name}: they are {', '.join(_IMAGES)}.")
    return found


@dataclass
class Supplies:
    """What the new stacks of a deploy are given; what is there already is taken as it is.

    Attributes:
        has_registry: Whether the repositories stood when the deploy began.
    """

    session: Session
    output: Output
    desired: DesiredState
    has_registry: bool = False
    _made: dict[str, str] = field(default_factory=dict)
    _prepared: bool = False

    def refuse_early(self, new: Sequence[Target]) -> list[str]:
        """Look before anything is begun whether all can be made; gives what is going to be, a line each.

        Raises:
            RefusedError: A secret is missing that nobody can draw, the registry lacks an image that is named, files
                differ from the commit that is to be built, or there is no docker to build it.
        """
        lines = [f"Draw the secrets {', '.join(secrets)}." for secrets in [self._to_draw(new)] if secrets]
        if images := self._to_push(new):
            lines.append(f"Build the images {', '.join(images)} of commit {clean_commit()}, and push them.")
        if any(MIGRATE in each.stack.needs for each in new):
            lines.append("Prepare the database, before the first service.")
        return lines

    def complete(self, wanted: Target) -> Target:
        """The target of a new stack with the image that it begins with; its secrets are there.

        Raises:
            RefusedError: A secret or the image cannot be had.
        """
        if missing_secrets(self.session, wanted.after):
            with explained():
                site = self._site()
                _refuse_lost(site)
                written, _ = draw(site)
            self.output.say(f"Secrets were drawn: {', '.join('/'.join(name) for name in written)}.")
        if missing := missing_secrets(self.session, wanted.after):
            raise RefusedError(f"{wanted.name} reads {', '.join(missing)}, which cannot be composed yet.")
        if not self._lacks_image(wanted):
            return wanted
        image = self._image(image_name(wanted.stack))
        return replace(wanted, given={**wanted.given, str(image_parameter(wanted.stack)): image})

    def ahead(self, waiting: Iterable[Target]) -> bool:
        """Push one image that a stack which waits is going to need; False when there is none."""
        if not self.has_registry:
            return False
        for each in waiting:
            if each.standing is None and self._lacks_image(each) and image_name(each.stack) not in self._made:
                self._image(image_name(each.stack))
                return True
        return False

    def prepare_database(self, wanted: Target) -> None:
        """Before the first of the new stacks that use the database; that it is prepared already does no harm."""
        if not self._prepared and MIGRATE in wanted.stack.needs:
            migrate(self.session, self.desired.environment, self.output, f"deploy-{uuid4().hex[:16]}")
            self._prepared = True

    def _site(self) -> Site:
        return Site(self.session, self.desired.environment, self.output)

    def _lacks_image(self, wanted: Target) -> bool:
        name = image_parameter(wanted.stack)
        return name is not None and wanted.given.get(name) == unknown_image(self.session, wanted.stack)

    def _to_draw(self, new: Sequence[Target]) -> list[str]:
        site = self._site()
        drawable = {site.parameter_name(*name): "/".join(name) for name in NEEDED}
        found: set[str] = set()
        for each in new:
            missing = missing_secrets(self.session, each.after)
            if alien := [name for name in missing if name not in drawable]:
                verb = f"accunode-infra secrets put {alien[0].removeprefix(site.parameter_name()).strip('/')}"
                raise RefusedError(f"{each.name} reads {', '.join(alien)}, which is not there: write it with `{verb}`.")
            found |= {drawable[name] for name in missing}
        return sorted(found)

    def _to_push(self, new: Sequence[Target]) -> list[str]:
        lacking = list(dict.fromkeys(image_name(each.stack) for each in new if self._lacks_image(each)))
        named: Mapping[str, str] = self.desired.images
        for name in [name for name in lacking if name in named]:
            if not self.has_registry:
                raise RefusedError(
                    f"The registry does not stand yet, so it has no {named[name]} of {name}: leave --image out, and "
                    "the commit that is checked out is built; or deploy `registry` first, and push."
                )
            self._found(name, named[name])
        building = [name for name in lacking if name not in named]
        if not building:
            return []
        commit = clean_commit()
        building = [name for name in building if not (self.has_registry and self._there(name, commit))]
        for check in tools() if building else ():
            if check.name.startswith("docker") and not check.well:
                raise RefusedError(f"{check.name}: {check.says} Or push elsewhere, and name the images with --image.")
        return building

    def _found(self, name: str, wanted: str) -> Made:
        with explained():
            made = find(self._site(), f"accunode/{name}", wanted)
        if self._architecture not in made.architectures:
            raise RefusedError(
                f"The instances are {self._architecture}, and {name} at {wanted} is made for "
                f"{', '.join(sorted(made.architectures))}: build it for them under another commit."
            )
        self._made[name] = made.reference
        return made

    def _there(self, name: str, commit: str) -> bool:
        try:
            self._found(name, commit)
        except NoImageError:
            return False
        return True

    def _image(self, name: str) -> str:
        if name not in self._made:
            wanted = self.desired.images.get(name)
            if wanted is None:
                platform = f"linux/{'arm64' if self._architecture == 'arm64' else 'amd64'}"
                try:
                    wanted = push_commit(self._site(), name, platform=platform)
                except InfraError as error:
                    raise FailedError(f"The image {name} was not pushed: {error}") from error
            self._found(name, wanted)
        return self._made[name]

    @property
    def _architecture(self) -> str:
        """Of the instances, as ECS calls it."""
        desired, compute = self.desired, stack("compute")
        given = parameters(
            compute,
            environment=desired.environment,
            tier=desired.tier,
            variant=desired.variant,
            overrides=desired.overrides.get("compute", {}),
            root=desired.root,
        )
        family = str(resolve(load("compute", root=desired.root), given).parameters["InstanceType"]).partition(".")[0]
        return "arm64" if family.rstrip("dn").endswith("g") else "x86_64"


def _refuse_lost(site: Site) -> None:
    """Raises RefusedError when a server stands whose password is gone: one that is drawn would not be its own."""
    there = {each.name for each in Store(site).listed()}
    for name, server in ((MASTER_PASSWORD, "DatabaseHost"), (AUTH_TOKEN, "CacheHost")):
        if name not in there and server in site.exports:
            write_it = f"aws ssm put-parameter --type SecureString --name {site.parameter_name(*name)}"
            raise RefusedError(
                f"{'/'.join(name)} is gone and its server stands, which would not know a new one: set one at the "
                f"server, and write it with `{write_it}`."
            )
