"""Assertions about error replies."""

from typing import Any

import httpx


def assert_problem(
    reply: httpx.Response, status: int, code: str | None = None, *, pointer: str | None = None, fault: str | None = None
) -> dict[str, Any]:
    """Check that `reply` is a complete RFC 9457 problem, and give its document.

    Args:
        reply: What the service answered.
        status: The status it must have.
        code: The stable code it must have.
        pointer: One of its errors must be about this.
        fault: That error's code.
    """
    assert reply.status_code == status, f"{reply.status_code} instead of {status}: {reply.text}"
    assert reply.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = reply.json()
    assert set(problem) == {"type", "title", "status", "detail", "instance", "request_id", "errors"}
    assert problem["status"] == status
    assert problem["request_id"] == reply.headers["x-request-id"]
    assert problem["instance"] == reply.request.url.path
    assert "Traceback" not in reply.text
    if code is not None:
        assert problem["type"] == f"urn:accunode:problem:{code}", problem
    if pointer is not None:
        found = [error for error in problem["errors"] if error["pointer"] == pointer]
        assert found, f"no error about {pointer}: {problem['errors']}"
        if fault is not None:
            assert fault in {error["code"] for error in found}, found
    return problem
