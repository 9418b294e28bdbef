"""Reaches the database and the cache from inside the network, by a one-off task."""

from uuid import uuid4

from accunode_infra.aws import explained
from accunode_infra.doctor.checks import Check
from accunode_infra.errors import InfraError
from accunode_infra.release.oneoff import REACH, run
from accunode_infra.release.site import Site


def reach(site: Site) -> Check:
    """Whether `SELECT 1` and `PING` succeed over TLS, from where the services run."""
    try:
        with explained():
            ran = run(site, f"reach-{uuid4().hex[:16]}", command=REACH)
    except InfraError as error:
        return Check("from inside the network", False, str(error))
    return Check("from inside the network", True, ran.lines[-1] if ran.lines else "The database and the cache answer.")
