"""Brings a release forward step by step until nothing is left to do, or takes it back.

What a step is for is the business of a `Release`; here are the lock, the record, the times, and what happens when a
step fails. Killed at any moment and started again, a release goes on from what stands.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from accunode_infra.aws import THROTTLED, code_of, in_words
from accunode_infra.errors import FailedError, InfraError
from accunode_infra.release.lock import Holder, Lock
from accunode_infra.release.record import Outcome, Record, Records
from accunode_infra.release.site import Site, UnfitError

T = TypeVar("T")

PATIENCE = 20
"""Times that a step is begun again when AWS throttles its calls."""


class Release(Protocol):
    """A kind of release."""

    def next(self, record: Record) -> str | None:
        """The step that brings it forward from where things stand; None when nothing is left to do."""

    def perform(self, step: str, record: Record) -> str:
        """Do a step; gives what there is to say about it. Doing it again does no harm.

        Raises:
            UnfitError: The release is to be taken back.
        """

    def can_be_withdrawn(self, record: Record) -> bool:
        """Whether what served before still stands beside the new image."""

    def withdraw(self, record: Record) -> None:
        """Bring back what served before. Doing it again does no harm."""


class Machine:
    """Drives the releases of one service.

    Args:
        site: The environment.
        service: The service's name.
        lock: The environment's lock, taken.

    Attributes:
        despite: Alarms that fire already, and are not held against a release that begins.
    """

    def __init__(self, site: Site, service: str, lock: Lock) -> None:
        self._site = site
        self._service = service
        self._lock = lock
        self._records = Records(site, service)
        self.despite: list[str] = []

    def goes_on_with(self, image: str) -> bool:
        """Whether a release of that image was cut short, and is the newest."""
        newest = self._records.newest()
        return newest is not None and newest.outcome is Outcome.RUNNING and newest.image == image

    def begin(self, *, kind: str, image: str, commit: str, before: str) -> Record:
        """The record of this release: the one that was cut short when it was for the same image, else a new one."""
        newest = self._records.newest()
        if newest is not None and newest.outcome is Outcome.RUNNING:
            if newest.image == image:
                self._site.output.say(f"Going on with what {newest.who} began at {newest.started}.")
                return newest
            newest.end(Outcome.SUPERSEDED)
            self._records.save(newest)
        started = self._site.clock.now().isoformat(timespec="seconds")
        record = Record(
            kind=kind,
            who=self._site.who,
            commit=commit,
            image=image,
            before=before,
            started=started,
            despite=self.despite,
        )
        self._records.save(record)
        return record

    def run(self, release: Release, record: Record) -> Record:
        """Bring a release to its end; the record says which.

        Raises:
            UnfitError: The image is not fit, and what served before serves again.
            FailedError: It stopped half-way; the message says what to do.
        """
        try:
            while self._forward(release, record):
                pass
        except UnfitError as error:
            if not release.can_be_withdrawn(record):
                raise self._stopped(error, record) from error
            raise self._withdrawn(release, record, error) from error
        except (InfraError, BotoCoreError, ClientError) as error:
            raise self._stopped(error, record) from error
        except KeyboardInterrupt:
            raise self._stopped(FailedError("Interrupted."), record) from None
        record.end(Outcome.ROLLED_BACK if record.kind == "rollback" else Outcome.DEPLOYED)
        self._records.save(record)
        return record

    def _forward(self, release: Release, record: Record) -> bool:
        for _ in range(PATIENCE):
            try:
                step = release.next(record)
                if step is not None:
                    self._perform(release, step, record)
            except ClientError as error:
                if code_of(error) not in THROTTLED:
                    raise
                self._site.clock.sleep(self._site.session.poll_seconds)
            else:
                return step is not None
        raise FailedError("AWS kept refusing calls as too many.")

    def _perform(self, release: Release, step: str, record: Record) -> None:
        self._lock.at(step)
        began = self._site.clock.now()
        said = release.perform(step, record)
        now = self._site.clock.now()
        seconds = (now - began).total_seconds()
        record.finish(step, now, seconds)
        self._records.save(record)
        self._site.output.say(f"{self._service}: {step}{f': {said}' if said else ''} ({seconds:.0f} s)")

    def _withdrawn(self, release: Release, record: Record, reason: UnfitError) -> InfraError:
        self._site.output.say(f"{self._service}: {reason}")
        try:
            self._lock.at("withdraw")
            release.withdraw(record)
            record.end(Outcome.WITHDRAWN, str(reason))
            self._records.save(record)
        except (InfraError, BotoCoreError, ClientError) as error:
            return self._stopped(error, record)
        return UnfitError(f"{self._service} was not released, and what served before serves on. {reason}")

    def _stopped(self, error: Exception, record: Record) -> InfraError:
        told = in_words(error) if isinstance(error, BotoCoreError | ClientError) else error
        code = told.code if isinstance(told, InfraError) else 1
        done = list(record.steps)[-1] if record.steps else "nothing"
        stopped = StoppedError(
            f"{told} The release of {self._service} stands half-way (last done: {done}): the same command goes on from "
            "there, and `accunode-infra rollback` takes it back."
        )
        stopped.code = 1 if code == 3 else code
        return stopped


class StoppedError(FailedError):
    """A release stands half-way: the lock stays, and says so."""


def holding(site: Site, what: str, service: str, act: Callable[[Lock], T], *, break_lock: bool = False) -> T:
    """Do something under the environment's lock, and give it back; it stays when a release was left half-way.

    Raises:
        RefusedError: Somebody else holds it.
    """
    lock = Lock(site, Holder.here(site, what, service))
    if earlier := lock.take(force=break_lock):
        site.output.say(f"Took the lock over: {earlier}.")
    site.heartbeat = lock.renew
    try:
        done = act(lock)
    except StoppedError:
        _whatever_aws_says(lock.stop)
        raise
    except (InfraError, BotoCoreError, ClientError, KeyboardInterrupt):
        _whatever_aws_says(lock.release)
        raise
    finally:
        site.heartbeat = _nothing
    lock.release()
    return done


def _nothing() -> None:
    """Nobody waits for a lock that is not held."""


def _whatever_aws_says(act: Callable[[], None]) -> None:
    with suppress(InfraError, BotoCoreError, ClientError):
        act()
