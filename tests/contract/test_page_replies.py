"""Pages of lists are what their schema writes, to the byte: their rows go into JSON without a model of each."""

from collections.abc import Callable, Iterator
from typing import Any

from fastapi._compat import lenient_issubclass
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import TypeAdapter
from tests.applications import Application, Running
from tests.isolation.things import Stage

from accunode_common.http.page_reply import PageReply
from accunode_common.schemas import Page
from accunode_scoring import Kind

WITHOUT_ROWS = {
    "/api/v1/auth/scim-tokens",
    "/api/v1/auth/sso/domains",
    "/api/v1/auth/sso/identities",
    "/api/v1/bulk-uploads/{job_id}/errors",
    "/api/v1/invitations",
    "/api/v1/scaling/history",
}
"""Lists of what a stage has none of: where no other test made some, their pages are tried empty."""


def pages(application: Application) -> Iterator[tuple[str, APIRoute]]:
    """The path of each list, and its route."""
    for context in iter_route_contexts(application.app.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and lenient_issubclass(route.response_model, Page):
            yield context.path_format, route


def as_written_by_its_schema(route: APIRoute, content: bytes) -> bytes:
    """What the schema makes of a page when each item is checked and written by it."""
    adapter: TypeAdapter[Any] = TypeAdapter(route.response_model)
    return adapter.dump_json(adapter.validate_json(content))


async def test_a_page_is_what_its_schema_writes(services: list[Running], new_stage: Callable[[], Stage]) -> None:
    stage = new_stage()
    callers = [stage.caller(name) for name in ("org_member", "tenant_admin", "super_admin")]
    things = [stage.make("own", callers[0], kind=kind) for kind in Kind]
    things += [stage.make("system", callers[0], kind=kind) for kind in Kind]
    things += [stage.make("own", caller, kind=Kind.ANNUAL) for caller in callers[1:]]
    seen = set()
    for running in services:
        for path, route in pages(running.application):
            for caller in callers:
                for asked in sorted({path.format_map(thing.ids) for thing in things}):
                    reply = await running.client.as_(caller).get(asked, params={"with_total": True})
                    if reply.status_code == 200:
                        assert reply.content == as_written_by_its_schema(route, reply.content), path
                        seen |= {path} if reply.json()["items"] else set()
    every = {path for running in services for path, _ in pages(running.application)}
    assert every - seen <= WITHOUT_ROWS


def test_every_list_answers_with_a_page_reply(applications: list[Application]) -> None:
    lists = [route for application in applications for _, route in pages(application)]
    assert [route.path for route in lists if route.endpoint.__annotations__["return"] not in (PageReply, Any)] == []
