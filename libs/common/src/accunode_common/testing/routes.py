"""Which service answers a path."""

from accunode_common.routing import SERVICES, Service


def service_for(path: str) -> Service | None:
    """The service that answers `path`, or None when no prefix matches."""
    for service in SERVICES:
        for prefix in service.prefixes:
            if path == prefix or path.startswith(prefix + "/"):
                return service
    return None
