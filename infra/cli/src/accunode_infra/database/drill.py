"""Proves that a snapshot can be restored, and measures how long that takes."""

from dataclasses import dataclass

from accunode_infra.database.snapshots import Snapshot, delete, remains, restored_aside
from accunode_infra.release import oneoff
from accunode_infra.release.site import Site
from accunode_infra.secrets.draw import ADMINISTRATOR, AUTHORITIES

PURPOSE = "drill"


@dataclass(frozen=True)
class Drill:
    """What a drill found.

    Attributes:
        snapshot: The snapshot that was restored.
        age_seconds: How old it was: what would be lost if it were all there is.
        restore_seconds: From the call until the instance took connections.
        check_seconds: Until the check had read from it.
        said: What the check printed.
    """

    snapshot: str
    age_seconds: float
    restore_seconds: float
    check_seconds: float
    said: str

    @property
    def recovery_seconds(self) -> float:
        """The measured part of the time to recover."""
        return self.restore_seconds + self.check_seconds


def drill(site: Site, snapshot: Snapshot) -> Drill:
    """Restore a snapshot beside the database, read from it inside the network, and delete it, even when that fails.

    Raises:
        UnfitError: The check says no.
        FailedError: The instance does not become available.
    """
    for name in remains(site, PURPOSE):
        site.output.say(f"Deleting {name}, which an earlier drill left.")
        delete(site, name)
    began = site.clock.now()
    with restored_aside(site, snapshot, PURPOSE) as instance:
        restored = site.clock.now()
        site.output.say(f"{snapshot.name} is restored ({(restored - began).total_seconds():.0f} s).")
        host, port = instance["Endpoint"]["Address"], instance["Endpoint"]["Port"]
        tls = f"sslmode=verify-full&sslrootcert={AUTHORITIES}"
        # The password is the instance's own and ends with it.
        url = f"postgresql://{ADMINISTRATOR}:{instance['Password']}@{host}:{port}/accunode?{tls}"
        ran = oneoff.run(
            site,
            instance["DBInstanceIdentifier"].removeprefix(f"accunode-{site.name}-"),
            command=oneoff.REACH,
            environment={"ACCUNODE_DATABASE_URL": url},
        )
        checked = site.clock.now()
    return Drill(
        snapshot=snapshot.name,
        age_seconds=(began - snapshot.taken).total_seconds(),
        restore_seconds=(restored - began).total_seconds(),
        check_seconds=(checked - restored).total_seconds(),
        said=" ".join(ran.lines),
    )
