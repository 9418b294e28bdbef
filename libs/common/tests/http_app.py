"""A small service that uses everything the factory offers."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, Path, Query, Request
from sqlalchemy import select

from accunode_common.auth.jwks import KeySource
from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.errors import ConflictError, NotFoundError
from accunode_common.http.app import api_router, create_service_app
from accunode_common.http.callers import CurrentSubject, requires
from accunode_common.http.conditional import ETag, IfMatch
from accunode_common.http.pagination import Paging, Sorting, SortOrder, paginate
from accunode_common.http.session import SecretSession, SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_common.models.identity import Membership
from accunode_common.models.tenancy import Organization
from accunode_common.schemas import InputModel, Page, ResponseModel
from accunode_common.settings import ApiSettings

router = api_router("/things", tag="things")
sorting = Sorting(
    {"name": Organization.name_key, "created_at": Organization.created_at}, default="name", key=Organization.id
)


class ThingIn(InputModel):
    name: str
    seats: int = 5


class ThingOut(ResponseModel):
    id: UUID
    name: str


class Caller(ResponseModel):
    user_id: UUID
    role: str


def _out(organization: Organization) -> ThingOut:
    return ThingOut(id=organization.id, name=organization.name)


@router.get("/public")
async def read_public() -> dict[str, str]:
    return {"hello": "world"}


@router.get("/me")
async def read_me(subject: CurrentSubject) -> Caller:
    return Caller(user_id=subject.user_id, role=subject.role)


@router.get("/administration")
async def read_administration(
    subject: Annotated[Subject, Depends(requires(Permission.ORGANIZATION_CREATE))],
) -> Caller:
    return Caller(user_id=subject.user_id, role=subject.role)


@router.get("/failure")
async def fail() -> None:
    raise RuntimeError("a secret detail")


@router.post("/commit-failure", status_code=201)
async def fail_on_commit(
    subject: Annotated[Subject, Depends(requires(Permission.ORGANIZATION_JOIN))], session: SubjectSession
) -> ThingOut:
    membership = Membership(tenant_id=subject.tenant_id, user_id=subject.user_id, role="org_member")
    session.add(membership)
    return ThingOut(id=subject.user_id, name="never written")


@router.get("")
async def list_things(
    _subject: Annotated[Subject, Depends(requires(Permission.COMPANY_READ))],
    session: SubjectSession,
    paging: Paging,
    order: Annotated[SortOrder, Depends(sorting)],
    name: Annotated[str | None, Query()] = None,
) -> Page[ThingOut]:
    statement = select(Organization)
    if name is not None:
        statement = statement.where(Organization.name_key == name)
    found = await paginate(session, statement, order, paging)
    return Page[ThingOut](items=[_out(row) for row in found.rows], next_cursor=found.next_cursor, total=found.total)


@router.post("", status_code=201)
async def create_thing(
    subject: Annotated[Subject, Depends(requires(Permission.AUDIT_READ))],
    session: SubjectSession,
    trail: AuditTrail,
    body: ThingIn,
) -> ThingOut:
    if body.name == "slow":
        await asyncio.sleep(0.2)
    thing = Organization(tenant_id=subject.tenant_id, name=body.name, name_key=body.name.lower(), max_users=body.seats)
    session.add(thing)
    await session.flush()
    await trail.record(session, "thing.create", "thing", thing.id)
    if body.name == "refused":
        raise ConflictError("Refused after the write.")
    return _out(thing)


@router.post("/secret", status_code=201)
async def create_secret(
    subject: Annotated[Subject, Depends(requires(Permission.COMPANY_WRITE))], session: SecretSession
) -> dict[str, str]:
    return {"secret": str(subject.user_id)}


@router.post("/upload")
async def upload(_subject: CurrentSubject, request: Request) -> dict[str, int]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
    return {"size": size}


@router.get("/{thing_id}")
async def read_thing(_subject: CurrentSubject, session: SubjectSession, etag: ETag, thing_id: UUID) -> ThingOut:
    thing = await session.scalar(select(Organization).where(Organization.id == thing_id))
    if thing is None:
        raise NotFoundError
    etag.tag(thing.version)
    return _out(thing)


@router.patch("/{thing_id}")
async def change_thing(
    _subject: Annotated[Subject, Depends(requires(Permission.ORGANIZATION_UPDATE))],
    session: SubjectSession,
    match: IfMatch,
    thing_id: Annotated[UUID, Path()],
    body: ThingIn,
) -> ThingOut:
    thing = await session.scalar(select(Organization).where(Organization.id == thing_id).with_for_update())
    if thing is None:
        raise NotFoundError
    match.check(thing.version)
    thing.name, thing.name_key = body.name, body.name.lower()
    thing.version += 1
    await session.flush()
    match.tag(thing.version)
    return _out(thing)


def create_app(settings: ApiSettings, key_source: KeySource | None) -> FastAPI:
    return create_service_app(
        "things",
        settings,
        [router],
        description="Things.",
        body_limits={("POST", "/api/v1/things/upload"): 4096},
        key_source=key_source,
    )
