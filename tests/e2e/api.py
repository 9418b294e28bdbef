"""A thin client that speaks the product's HTTP API as a user's script would."""

import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import httpx

FINAL_STATES = {"completed", "completed_with_errors", "failed", "cancelled"}


class Analyst:
    """A signed-in caller."""

    def __init__(self, base_url: str, email: str, password: str, *, trusting: ssl.SSLContext | None = None) -> None:
        self.http = httpx.Client(base_url=f"{base_url}/api/v1", timeout=30, verify=trusting or True)
        self.use(self.post("/auth/login", {"email": email, "password": password}, status=200))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def use(self, tokens: dict[str, Any]) -> None:
        """Go on with other tokens."""
        self.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    def post(self, path: str, body: dict[str, Any], *, status: int) -> Any:
        """The body of a POST that must answer `status`."""
        reply = self.http.post(path, json=body)
        assert reply.status_code == status, reply.text
        return reply.json()

    def upload(self, file: Path, *, kind: str, access_level: str = "organization", **fields: str) -> dict[str, Any]:
        """Upload a file and wait for the job's end."""
        with file.open("rb") as stream:
            reply = self.http.post(
                "/bulk-uploads",
                data={"kind": kind, "access_level": access_level, **fields},
                files={"file": (file.name, stream)},
            )
        assert reply.status_code == 202, reply.text
        return self.wait(reply.json()["id"])

    def wait(self, job_id: str, *, seconds: float = 60) -> dict[str, Any]:
        """Poll a job until it has ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            job: dict[str, Any] = self.get(f"/bulk-uploads/{job_id}")
            if job["state"] in FINAL_STATES:
                return job
            time.sleep(0.1)
        raise AssertionError(f"job {job_id} has not ended after {seconds} s: {job}")

    def get(self, path: str, **params: Any) -> Any:
        """The body of a successful GET."""
        reply = self.http.get(path, params=params)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def items(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Every item of a paged list."""
        cursor = None
        while True:
            page = self.get(path, limit=200, **params, **({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return
