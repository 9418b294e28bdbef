"""`registry.model_versions`: which versions there are, and which of them serve."""

from sqlalchemy.orm import Session

from accunode_credit.champion import Registry, registered, registry_of


def find_all(session: Session) -> Registry:
    """Every version."""
    return registry_of(session.execute(registered()).all())
