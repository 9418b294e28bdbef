"""Which application the gateway hands a request to, and what it answers itself."""

import gc
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request

from accunode_common.routing import Service
from accunode_devstack.gateway import DOCS_PATH, OPENAPI_PATH, Gateway, Mounted, create
from accunode_devstack.openapi import merge_documents
from accunode_devstack.state import STATE_VARIABLE

TOKEN = "a token for the machinery"
SHOWN = {"Authorization": f"Bearer {TOKEN}"}


class Lives:
    def __init__(self) -> None:
        self.events: list[str] = []


def service_app(name: str, lives: Lives, *, ready: bool = True) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        lives.events.append(f"{name} opens")
        yield
        lives.events.append(f"{name} closes")

    app = FastAPI(title=name, lifespan=lifespan)

    async def whoami(request: Request) -> dict[str, str]:
        return {"service": name, "path": request.url.path}

    async def readiness() -> dict[str, str]:
        return {"status": "ready"}

    app.add_api_route("/ready", readiness, include_in_schema=False, status_code=200 if ready else 503)
    app.add_api_route("/metrics", readiness, include_in_schema=False)
    app.add_api_route("/api/v1/{rest:path}", whoami, include_in_schema=False)
    app.add_api_route(f"/api/v1/{name}", whoami, operation_id=f"who_{name}")
    return app


def gateway(lives: Lives, *, ready: bool = True) -> Gateway:
    services = (
        Service("wide", "none", 1, ("/api/v1/things",)),
        Service("narrow", "none", 2, ("/api/v1/things/special", "/api/v1/others")),
    )
    return Gateway([Mounted(each, service_app(each.name, lives, ready=ready)) for each in services], TOKEN)


@asynccontextmanager
async def client_of(app: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/api/v1/things", "wide"),
        ("/api/v1/things/1", "wide"),
        ("/api/v1/things/special", "narrow"),
        ("/api/v1/things/special/1", "narrow"),
        ("/api/v1/things/specialist", "wide"),
        ("/api/v1/others", "narrow"),
    ],
)
async def test_the_longest_matching_prefix_decides(path: str, service: str) -> None:
    async with client_of(gateway(Lives())) as client:
        reply = await client.get(path)
    assert reply.json() == {"service": service, "path": path}


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/thingsandmore", "/api/v2/things"])
async def test_a_path_of_nobody_is_a_problem(path: str) -> None:
    async with client_of(gateway(Lives())) as client:
        reply = await client.get(path)
    assert reply.status_code == 404
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["request_id"] == reply.headers["x-request-id"]


async def test_every_services_lifespan_runs_inside_the_gateways() -> None:
    lives = Lives()
    app = gateway(lives)
    messages = iter(["lifespan.startup", "lifespan.shutdown"])
    sent = []

    async def receive() -> dict[str, str]:
        return {"type": next(messages)}

    async def send(message: dict[str, str]) -> None:
        sent.append(message["type"])
        if message["type"] == "lifespan.startup.complete":
            assert lives.events == ["wide opens", "narrow opens"]

    await app({"type": "lifespan"}, receive, send)  # type: ignore[arg-type]
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert lives.events == ["wide opens", "narrow opens", "narrow closes", "wide closes"]


@pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
async def test_the_gateway_is_ready_when_every_service_is(ready: bool, status: int) -> None:
    async with client_of(gateway(Lives(), ready=ready)) as client:
        reply = await client.get("/ready", headers=SHOWN)
        assert (await client.get("/health")).status_code == 200
    assert reply.status_code == status
    assert set(reply.json()["services"]) == {"wide", "narrow"}


async def test_the_documents_of_all_services_are_one_and_its_page_needs_no_other_server() -> None:
    async with client_of(gateway(Lives())) as client:
        document = (await client.get(OPENAPI_PATH)).json()
        page = await client.get(DOCS_PATH)
        scripts = [await client.get(path) for path in re.findall(r'(?:src|href)="([^"]+)"', page.text)]
        metrics = await client.get("/metrics/wide", headers=SHOWN)
        missing = await client.get("/metrics/nobody", headers=SHOWN)
    assert set(document["paths"]) == {"/api/v1/wide", "/api/v1/narrow"}
    assert any(OPENAPI_PATH in script.text for script in scripts)
    assert len(scripts) == 4
    assert {script.status_code for script in scripts} == {200}
    assert metrics.status_code == 200
    assert missing.status_code == 404


async def test_the_documentations_page_runs_scripts_of_this_server_only() -> None:
    async with client_of(gateway(Lives())) as client:
        page = await client.get(DOCS_PATH)
        other = await client.get("/health")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"<script>|<script [^>]*src=\"(?!/)|\son\w+=|https?://", page.text)
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "script-src" not in other.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["/ready", "/metrics/wide", "/metrics/nobody", "/metrics", "/metrics/", "/%6Detrics/wide", "/ready/"]
)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"X-Forwarded-For": "127.0.0.1"}])
async def test_the_gateway_tells_only_the_machinery_how_it_is(path: str, headers: dict[str, str]) -> None:
    async with client_of(gateway(Lives())) as client:
        reply = await client.get(path, headers=headers, follow_redirects=True)
    assert reply.status_code == 404


def test_documents_that_contradict_each_other_are_refused() -> None:
    def document(kind: str) -> dict[str, object]:
        schemas = {"Company": {"type": kind}}
        return {"openapi": "3.1.0", "info": {"version": "1"}, "paths": {}, "components": {"schemas": schemas}}

    assert merge_documents([document("object"), document("object")])["components"]["schemas"]["Company"]
    with pytest.raises(ValueError, match="schemas Company"):
        merge_documents([document("object"), document("array")])


def test_a_gateways_process_leaves_what_it_is_made_of_out_of_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    made = gateway(Lives())
    replaced = {
        "read_endpoints": lambda _: SimpleNamespace(values=lambda role: {}),
        "configure_logging": lambda *_, **__: None,
        "build_gateway": lambda _: made,
    }
    for name, double in replaced.items():
        monkeypatch.setattr(f"accunode_devstack.gateway.{name}", double)
    monkeypatch.setenv(STATE_VARIABLE, "unused")
    threshold = gc.get_threshold()
    try:
        assert create() is made
        assert not any(each is made for each in gc.get_objects())
    finally:
        gc.unfreeze()
        gc.set_threshold(*threshold)
