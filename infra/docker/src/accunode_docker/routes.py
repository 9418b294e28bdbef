"""The gateway's share of nginx's configuration, made from the path table.

`infra/docker/gateway/routes.conf` holds the result and a test compares the two, so that the table stays the only
place where a path is given to a service.
"""

import json
import re
from collections.abc import Sequence

from accunode_common.errors import NotFoundError, PayloadTooLargeError, ProblemError, ServiceUnavailableError
from accunode_common.http.problems import TYPE_PREFIX
from accunode_common.routing import SERVICES, Service

HEADER = "# Made from the path table by `python -m accunode_docker routes`; edit that, not this.\n"

LARGEST_BODY = 260
"""Mebibytes that the gateway lets through: the largest upload and its form. Each route has a limit of its own below."""

# nginx's own answers, by the statuses it gives itself. Services answer for themselves.
_REFUSALS: tuple[tuple[str, tuple[int, ...], type[ProblemError], str], ...] = (
    ("not_found", (404,), NotFoundError, "No service answers this path."),
    ("too_large", (413,), PayloadTooLargeError, f"The body may have at most {LARGEST_BODY} MiB."),
    ("unavailable", (502, 503, 504), ServiceUnavailableError, "The service does not answer; try again shortly."),
)


def variable(service: Service) -> str:
    """The nginx variable that holds the address to which a service's next request goes."""
    return f"upstream_{service.name.replace('-', '_')}"


def slots(service: Service, shares: Sequence[tuple[str, int]]) -> str:
    """The file that divides a service's requests among copies, each with its host name and its percentage.

    Raises:
        ValueError: The percentages do not add up to 100.
    """
    if sum(share for _, share in shares) != 100 or any(share < 0 for _, share in shares):
        raise ValueError("The shares must add up to 100.")
    taken = [(host, share) for host, share in shares if share]
    lines = [f"    {share}% {host}:{service.port};" for host, share in taken[:-1]]
    lines.append(f"    * {taken[-1][0]}:{service.port};")
    return "\n".join([f"split_clients $request_id ${variable(service)} {{", *lines, "}", ""])


def routes(services: Sequence[Service] = SERVICES) -> str:
    """The map from paths to services, the ports, the largest body, and nginx's own refusals as problem details."""
    lines = [HEADER, f"client_max_body_size {LARGEST_BODY}m;", "", "map $uri $upstream {", '    default "";']
    for service in services:
        prefixes = "|".join(re.escape(prefix).replace(r"\-", "-") for prefix in service.prefixes)
        lines.append(f'    "~^(?:{prefixes})(?:/|$)" ${variable(service)};')
    lines += ["}", ""]
    lines += ["# A path that would need escaping in JSON is not repeated.", "map $uri $instance {"]
    lines += ['    default "/";', '    "~^[A-Za-z0-9._~/@:-]*$" $uri;', "}", ""]
    for name, _, error, detail in _REFUSALS:
        lines += [f"map $request_id $problem_{name} {{", f"    default '{_problem(error, detail)}';", "}", ""]
    return "\n".join(lines)


def refusals() -> str:
    """The locations with nginx's own answers, for inclusion in a server block."""
    lines = [HEADER]
    for name, statuses, error, _ in _REFUSALS:
        lines += [
            f"error_page {' '.join(map(str, statuses))} = @{name};",
            f"location @{name} {{",
            "    default_type application/problem+json;",
            *(["    add_header Retry-After 1 always;"] if error is ServiceUnavailableError else []),
            "    include /etc/accunode/headers.conf;",
            f"    return {error.status} $problem_{name};",
            "}",
        ]
    return "\n".join([*lines, ""])


def _problem(error: type[ProblemError], detail: str) -> str:
    return json.dumps(
        {
            "type": TYPE_PREFIX + error.code,
            "title": error.title,
            "status": error.status,
            "detail": detail,
            "instance": "$instance",
            "request_id": "$request_id",
            "errors": [],
        }
    )


def generated() -> dict[str, str]:
    """Every file made from the path table, by its name in `infra/docker/gateway`."""
    whole = {f"slots/{service.name}.conf": slots(service, [(service.name, 100)]) for service in SERVICES}
    return {"routes.conf": routes(), "refusals.conf": refusals(), **whole}
