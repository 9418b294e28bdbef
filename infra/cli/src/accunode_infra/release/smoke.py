"""Asks a slot through the load balancer, as a client would, before it gets clients' requests."""

import httpx

from accunode_common.routing import API_PREFIX
from accunode_infra.release.site import Site, UnfitError
from accunode_infra.release.slots import Slot

HEADER = "X-AccuNode-Slot"
JWKS = "/.well-known/jwks.json"
PATHS = {
    "auth": (JWKS, f"{API_PREFIX}/auth/sessions"),
    "tenants": (f"{API_PREFIX}/tenants",),
    "predictions": (f"{API_PREFIX}/companies",),
    "bulk-upload": (f"{API_PREFIX}/jobs",),
}
"""What each service is asked: listings of the caller's own, which a caller who has not signed in is refused."""
TIMES = 5


def smoke(site: Site, service: str, slot: Slot) -> int:
    """Ask a slot's copies for what needs no sign-in; gives the number of answers.

    A listing must be refused to somebody who has not signed in, as a problem document: that takes the application, not
    the load balancer. The auth service must publish keys too.

    Raises:
        UnfitError: An answer is missing, or another than a fit copy gives.
    """
    public_url = site.export("PublicUrl", of="edge")
    answers = 0
    for _ in range(TIMES):
        for path in PATHS[service]:
            url = public_url.rstrip("/") + path
            try:
                answer = site.ask(url, {HEADER: slot.value})
            except httpx.HTTPError as error:
                raise UnfitError(f"{slot} of {service} does not answer at {url}: {error}.") from None
            if not fits(path, answer):
                raise UnfitError(
                    f"{slot} of {service} answers {answer.status_code} at {url}, where {_expected(path)} is right: "
                    f"{' '.join(answer.text.split())[:200]}"
                )
            answers += 1
    return answers


def fits(path: str, answer: httpx.Response) -> bool:
    """Whether a fit copy answers so to somebody who has not signed in."""
    if path == JWKS:
        return answer.status_code == 200 and bool(answer.json().get("keys"))
    return answer.status_code == 401 and "json" in answer.headers.get("content-type", "")


def _expected(path: str) -> str:
    return "200 with keys" if path == JWKS else "401 as a problem"
