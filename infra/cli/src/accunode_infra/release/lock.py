"""The deployment lock: one parameter that says who releases what, from where, since when, and at which step."""

import json
import os
import socket
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from botocore.exceptions import ClientError

from accunode_infra.aws import code_of, parameter
from accunode_infra.errors import FailedError, RefusedError
from accunode_infra.release.site import Site

EXPIRES_AFTER = timedelta(minutes=15)
"""A lock that its holder has not renewed for so long is nobody's."""
RENEW_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Holder:
    """Who holds the lock.

    Attributes:
        who: The AWS identity.
        where: The machine.
        process: The process there.
        what: What is being done, such as `deploy`.
        service: What to.
        since: When it was taken, ISO 8601.
        renewed: When the holder was last heard of.
        step: What it was doing then.
        stopped: Whether it gave up half-way, so that the same service may be gone on with by anybody.
    """

    who: str
    where: str
    process: int
    what: str
    service: str
    since: str
    renewed: str
    step: str = "starting"
    stopped: bool = False

    @classmethod
    def here(cls, site: Site, what: str, service: str) -> Self:
        """This process."""
        moment = site.clock.now().isoformat(timespec="seconds")
        return cls(site.who, socket.gethostname(), os.getpid(), what, service, moment, moment)

    def gives_way_to(self, other: "Holder", now: datetime) -> bool:
        """Whether the lock may be taken over without force."""
        goes_on = self.stopped and self.service == other.service
        return goes_on or self.is_dead_here() or now - datetime.fromisoformat(self.renewed) > EXPIRES_AFTER

    def is_dead_here(self) -> bool:
        """Whether it was a process of this machine that is no more."""
        if self.where != socket.gethostname():
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return self.process == os.getpid()

    def __str__(self) -> str:
        return (
            f"{self.who} on {self.where} has held it since {self.since} for {self.what} {self.service}, "
            f"last heard of at {self.renewed} ({'stopped at: ' if self.stopped else ''}{self.step})"
        )


class Lock:
    """The lock of an environment, held from `take` to `release`; it stays, explained, when the process is killed."""

    def __init__(self, site: Site, holder: Holder) -> None:
        self._site = site
        self._ssm: Any = site.client("ssm")
        self._name = site.parameter_name("lock")
        self.holder = holder

    def take(self, *, force: bool = False) -> Holder | None:
        """Take the lock; gives the holder it was taken over from, if any: a dead or silent one, or with `force` any.

        Raises:
            RefusedError: Somebody holds it.
        """
        try:
            self._put(overwrite=False)
        except ClientError as error:
            if code_of(error) != "ParameterAlreadyExists":
                raise
        else:
            return None
        found = held(self._site)
        if found is None:  # released in between
            return self.take(force=force)
        current, version = found
        if not (force or current.gives_way_to(self.holder, self._site.clock.now())):
            raise RefusedError(
                f"Another release is under way: {current}. Wait for it, or, if it is dead, give --break-lock; "
                f"it counts as dead {EXPIRES_AFTER.total_seconds() / 60:.0f} minutes after it was last heard of."
            )
        if self._put(overwrite=True) != version + 1:
            self.release()
            raise RefusedError("Somebody else took the lock over at the same moment: run this again.")
        return current

    def at(self, step: str) -> None:
        """Say in the lock what is being done now.

        Raises:
            FailedError: The lock is no longer this process's.
        """
        version = self._check()
        self.holder = replace(self.holder, step=step, renewed=self._site.clock.now().isoformat(timespec="seconds"))
        if self._put(overwrite=True) != version + 1:
            self.release()
            raise FailedError("Somebody took the lock from this release at this moment; it has stopped where it was.")

    def stop(self) -> None:
        """Say that the work was left half-way."""
        self.holder = replace(self.holder, stopped=True)
        self.at(self.holder.step)

    def renew(self) -> None:
        """Show in the lock that its holder lives, once a minute."""
        if self._site.clock.now() - datetime.fromisoformat(self.holder.renewed) >= RENEW_EVERY:
            self.at(self.holder.step)

    def release(self) -> None:
        """Give the lock back, if it is still this process's."""
        found = held(self._site)
        if found and self._is_mine(found[0]):
            self._ssm.delete_parameter(Name=self._name)

    def _check(self) -> int:
        """The version of the lock, which is this process's."""
        found = held(self._site)
        if found is None or not self._is_mine(found[0]):
            now = f"now {found[0]}" if found else "nobody holds it now"
            raise FailedError(f"The lock was taken from this release, which has stopped where it was: {now}.")
        return found[1]

    def _is_mine(self, other: Holder) -> bool:
        mine = self.holder
        return (other.who, other.where, other.process, other.since) == (mine.who, mine.where, mine.process, mine.since)

    def _put(self, *, overwrite: bool) -> int:
        answer = self._ssm.put_parameter(
            Name=self._name, Value=json.dumps(asdict(self.holder)), Type="String", Overwrite=overwrite
        )
        return int(answer["Version"])


def held(site: Site) -> tuple[Holder, int] | None:
    """Who holds an environment's lock, and the parameter's version; None when nobody does."""
    found = parameter(site.session, site.parameter_name("lock"))
    if found is None:
        return None
    return Holder(**json.loads(found["Value"])), int(found["Version"])
