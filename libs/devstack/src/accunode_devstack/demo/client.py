"""Speaks the product's HTTP API as any client would."""

import ssl
import time
from collections.abc import Mapping
from typing import Any, Self

import httpx

from accunode_devstack.errors import DevstackError

FINAL_STATES = frozenset({"completed", "completed_with_errors", "failed", "cancelled"})
JOB_LIMIT = 300.0


class RefusedError(DevstackError):
    """The API refused a request of the demo's."""

    def __init__(self, reply: httpx.Response) -> None:
        self.status = reply.status_code
        super().__init__(f"{reply.request.method} {reply.request.url.path} was refused: {_reason(reply)}")


class ApiClient:
    """One person's access to the API at `base_url`; `sign_in` first for all that is not public."""

    def __init__(self, base_url: str) -> None:
        # A stack on this machine speaks plain HTTP, and loading certificates for each client takes a while.
        encrypted = base_url.startswith("https:")
        authorities = ssl.create_default_context() if encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._http = httpx.Client(base_url=f"{base_url}/api/v1", timeout=60, trust_env=False, verify=authorities)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def sign_in(self, email: str, password: str) -> Self:
        tokens = self.post("/auth/login", {"email": email, "password": password})
        return self.present(tokens["access_token"])

    def present(self, access_token: str) -> Self:
        """Send this token from now on."""
        self._http.headers["Authorization"] = f"Bearer {access_token}"
        return self

    def get(self, path: str, **parameters: str | int) -> Any:
        """The body of a GET. Raises RefusedError."""
        return self._body(self._http.get(path, params=parameters))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The body of the reply to a POST. Raises RefusedError."""
        return self._body(self._http.post(path, json=body))

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """The body of the reply to a PUT. Raises RefusedError."""
        return self._body(self._http.put(path, json=body))

    def upload(self, name: str, content: bytes, *, kind: str, access_level: str, on_conflict: str = "update") -> Any:
        """Start a bulk upload; the job as it is at first. Raises RefusedError."""
        fields = {"kind": kind, "access_level": access_level, "on_conflict": on_conflict}
        return self._body(self._http.post("/bulk-uploads", data=fields, files={"file": (name, content)}))

    def wait_for_job(self, job_id: str, *, limit: float = JOB_LIMIT, pause: float = 0.1) -> Any:
        """The job when it has ended. Raises DevstackError when it has not within `limit` seconds."""
        deadline = time.monotonic() + limit
        while True:
            job = self.get(f"/bulk-uploads/{job_id}")
            if job["state"] in FINAL_STATES:
                return job
            if time.monotonic() > deadline:
                raise DevstackError(f"The bulk upload {job_id} has not ended within {limit:.0f} seconds.")
            time.sleep(pause)

    def _body(self, reply: httpx.Response) -> Any:
        if reply.is_error:
            raise RefusedError(reply)
        return reply.json() if reply.content else None


def _reason(reply: httpx.Response) -> str:
    try:
        problem = reply.json()
    except ValueError:
        return f"{reply.status_code} {reply.reason_phrase}"
    faults = "; ".join(f"{fault['pointer']}: {fault['message']}" for fault in problem.get("errors", []))
    return f"{reply.status_code} {problem.get('detail', reply.reason_phrase)}{f' ({faults})' if faults else ''}"
