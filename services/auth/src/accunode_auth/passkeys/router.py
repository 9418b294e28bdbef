"""Passkeys."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, status

from accunode_auth.notices.service import PersonNotices
from accunode_auth.passkeys import service
from accunode_auth.passkeys.schemas import CreationOptions, NewPasskey, PasskeyChange, PasskeyIn, PasskeyOut
from accunode_auth.person_trail import OwnTrail
from accunode_auth.resources import AppResources
from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.app import api_router
from accunode_common.http.callers import StepUp, requires
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging, SortOrder
from accunode_common.http.session import SecretSession, SubjectSession
from accunode_common.schemas import Page

router = api_router("/auth/passkeys", tag="passkeys")

Owner = Annotated[Subject, Depends(requires(Permission.PROFILE_MANAGE))]
PasskeyId = Annotated[UUID, Path(description="One of the caller's passkeys.")]


@router.get("", summary="The caller's passkeys", response_model=Page[PasskeyOut])
async def list_passkeys(
    subject: Owner, session: SubjectSession, paging: Paging, order: Annotated[SortOrder, Depends(service.SORTING)]
) -> PageReply:
    """The caller's passkeys, oldest first."""
    found = await service.listed(session, subject, order, paging)
    items = [PasskeyOut.model_validate(passkey) for passkey in found.rows]
    return PageReply(found.showing(items))


@router.post("/options", summary="Begin to add a passkey")
async def begin_passkey(subject: Owner, _proof: StepUp, app: AppResources, session: SecretSession) -> CreationOptions:
    """What the browser needs to make a passkey; POST /auth/passkeys takes what it made."""
    return CreationOptions(public_key=await service.creation_options(session, app, subject.user_id))


@router.post("", status_code=status.HTTP_201_CREATED, summary="Add a passkey")
async def add_passkey(
    subject: Owner,
    app: AppResources,
    session: SecretSession,
    trail: OwnTrail,
    notices: PersonNotices,
    body: PasskeyIn,
) -> NewPasskey:
    """Takes the passkey that the browser made. It signs in by itself, and is a second factor to the password."""
    passkey, codes = await service.register_in_session(
        session, app, subject, trail, notices, label=body.label, credential=body.credential
    )
    return NewPasskey(passkey=PasskeyOut.model_validate(passkey), recovery_codes=codes)


@router.patch("/{passkey_id}", summary="Rename a passkey")
async def rename_passkey(
    subject: Owner, session: SubjectSession, trail: OwnTrail, passkey_id: PasskeyId, body: PasskeyChange
) -> PasskeyOut:
    """Changes what its owner calls it."""
    return PasskeyOut.model_validate(await service.rename(session, subject, trail, passkey_id, body.label))


@router.delete("/{passkey_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Remove a passkey")
async def remove_passkey(
    subject: Owner,
    _proof: StepUp,
    app: AppResources,
    session: SubjectSession,
    trail: OwnTrail,
    notices: PersonNotices,
    passkey_id: PasskeyId,
) -> None:
    """Removes one of the caller's passkeys; the last second factor stays where one is required."""
    await service.remove(session, app, subject, trail, notices, passkey_id)
