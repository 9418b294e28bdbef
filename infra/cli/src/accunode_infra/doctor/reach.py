"""Reaches the database and the cache from inside the network, by a one-off task."""

from uuid import uuid4

from accunode_infra.aws import Session, explained
from accunode_infra.doctor.checks import Check
from accunode_infra.errors import InfraError
from accunode_infra.output import Output
from accunode_infra.release.oneoff import run
from accunode_infra.release.site import Site


def reach(session: Session, environment: str, output: Output) -> Check:
    """Whether `SELECT 1` and `PING` succeed over TLS, from where the services run."""
    command = ["python", "-m", "accunode_common.reach"]
    try:
        with explained():
            ran = run(Site(session, environment, output), f"reach-{uuid4().hex[:16]}", command=command)
    except InfraError as error:
        return Check("from inside the network", False, str(error))
    return Check("from inside the network", True, ran.lines[-1] if ran.lines else "The database and the cache answer.")
