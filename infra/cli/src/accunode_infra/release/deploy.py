"""Releases an image of a service, and takes a release back."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from accunode_docker.images import revision
from accunode_infra.errors import InfraError, RefusedError
from accunode_infra.release.alarms import firing, refuse_firing, speaking_for
from accunode_infra.release.image import Made, find, push_commit, refuse_critical, refuse_wrong_architecture
from accunode_infra.release.lock import Lock
from accunode_infra.release.machine import Machine, holding
from accunode_infra.release.record import Outcome, Record, Records
from accunode_infra.release.rolling import RollingRelease
from accunode_infra.release.services import Deployable
from accunode_infra.release.site import Site
from accunode_infra.release.slots import Step
from accunode_infra.release.slotted import BACKWARDS, Pace, SlottedRelease

_ALL_STEPS = dict.fromkeys(map(str, Step), "1970-01-01T00:00:00+00:00")


@dataclass(frozen=True)
class ReleaseOptions:
    """What a deploy was asked for.

    Attributes:
        image: A digest, tag or reference; None to push the commit that is checked out.
        pace: How carefully it goes.
        accepted: Critical findings that are accepted, by name.
        scan: Whether the scan's result is waited for.
        despite_alarms: Whether alarms that fire already are no hindrance.
        break_lock: Whether the lock is taken from whoever holds it.
    """

    image: str | None = None
    pace: Pace = field(default_factory=Pace)
    accepted: Collection[str] = ()
    scan: bool = True
    despite_alarms: bool = False
    break_lock: bool = False


def deploy(site: Site, service: Deployable, options: ReleaseOptions) -> Record | None:
    """Release an image of a service; None when it runs already and nothing was changed.

    Raises:
        RefusedError: Something is wrong that was found before anything was done.
        FailedError: The release failed; the message says what serves now.
    """
    tag = options.image or clean_commit()
    return holding(
        site,
        "deploy",
        service.name,
        lambda lock: _deploy(site, service, tag, options, lock),
        break_lock=options.break_lock,
    )


def clean_commit() -> str:
    """The commit that is checked out, as images are tagged.

    Raises:
        RefusedError: Files differ from it, or there is no checkout.
    """
    tag = revision()
    if tag == "unknown":
        raise RefusedError("This is no checkout, so there is nothing to build: name an image with --image.")
    if tag.endswith("-dirty"):
        raise RefusedError("Files differ from the commit: commit them first, so that the tag tells what is released.")
    return tag


def _deploy(site: Site, service: Deployable, tag: str, options: ReleaseOptions, lock: Lock) -> Record | None:
    if options.image is None:
        lock.at("push the image")
        push_commit(site, service.image)
    made = find(site, service.repository, tag)
    cluster = site.export("ClusterName", of="compute")
    refuse_wrong_architecture(site, made, cluster, site.export(service.pool, of="compute"))
    if options.scan:
        lock.at("wait for the scan")
        refuse_critical(site, made, accepted=options.accepted)
    release = service.release(site, made, options.pace)
    before = release.before()
    machine = Machine(site, service.name, lock)
    if not machine.goes_on_with(made.reference):
        at_rest = replace(_blank(site, made, before), steps=_ALL_STEPS)
        if before == made.reference and release.next(at_rest) is None:
            _confirm(site, service, release, at_rest)
            return None
        names = speaking_for(site, service.name, service.stack)
        fires = firing(site, names)
        if not options.despite_alarms:
            refuse_firing(fires, service.name)
        machine.despite = sorted(fires)
    record = machine.begin(kind="deploy", image=made.reference, commit=made.tag, before=before)
    return machine.run(release, record)


def _blank(site: Site, made: Made, before: str) -> Record:
    now = site.clock.now().isoformat(timespec="seconds")
    return Record(kind="deploy", who="", commit=made.tag, image=made.reference, before=before, started=now)


def _confirm(site: Site, service: Deployable, release: SlottedRelease | RollingRelease, record: Record) -> None:
    for step in (Step.SETTLE, Step.VERIFY):
        said = release.perform(step, record)
        site.output.say(f"{service.name}: {step}: {said}")
    site.output.say(f"{service.name} runs {record.image.partition('@')[2][:19]} already; nothing was changed.")


def rollback(site: Site, service: Deployable, *, pace: Pace, break_lock: bool = False) -> Record:
    """Bring back what served before the newest release, or take back one that is under way.

    While the old slot has copies this moves weights; else the earlier image is raised again, on the newer schema.

    Raises:
        RefusedError: There is nothing to go back to.
        FailedError: It failed; the message says what serves now.
    """
    done = holding(
        site, "rollback", service.name, lambda lock: _rollback(site, service, pace, lock), break_lock=break_lock
    )
    if done is None:
        raise RefusedError(f"{service.name} has no earlier release to go back to.")
    return done


def _rollback(site: Site, service: Deployable, pace: Pace, lock: Lock) -> Record | None:
    pace = replace(pace, without=BACKWARDS)
    now = service.release(site, Made("", "", frozenset(), frozenset()), pace)
    serving = now.before()
    wanted = _earlier(site, service, now, serving)
    if not wanted:
        return None
    machine = Machine(site, service.name, lock)
    record = machine.begin(kind="rollback", image=wanted, commit="", before=serving)
    return machine.run(service.release(site, _known(site, service, wanted), pace), record)


def _earlier(site: Site, service: Deployable, release: SlottedRelease | RollingRelease, serving: str) -> str:
    records = Records(site, service.name).read()
    newest = records[0] if records else None
    if newest is not None and newest.outcome is Outcome.RUNNING:
        if newest.kind == "rollback":
            return newest.image
        return serving if serving != newest.image and isinstance(release, SlottedRelease) else newest.before
    if isinstance(release, SlottedRelease):
        slots = release.slots()
        if (kept := slots[slots.serving.other].image) and kept != serving:
            return kept
    fit = {Outcome.DEPLOYED, Outcome.ROLLED_BACK}
    served = [image for each in records if each.outcome in fit for image in (each.image, each.before)]
    return next((image for image in served if image != serving), "")


def _known(site: Site, service: Deployable, reference: str) -> Made:
    try:
        return find(site, service.repository, reference)
    except InfraError:
        # Not in the registry any more: nodes that have it still run it, and what cannot start is withdrawn.
        return Made(reference, "", frozenset({reference.partition("@")[2]}), frozenset())
