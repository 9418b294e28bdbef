"""Making, exchanging and revoking API keys."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.api_keys import repository
from accunode_auth.limits import LimitClass, count_use
from accunode_auth.memberships import service as memberships
from accunode_auth.notices.service import CredentialChange, Notices
from accunode_auth.resources import Resources
from accunode_auth.second_factors import service as second_factors
from accunode_common import audit
from accunode_common.auth.credentials import Credential
from accunode_common.auth.revocation import Revocations
from accunode_common.auth.revocation_records import hold_power, moment
from accunode_common.auth.roles import KEY_PERMISSIONS, Permission, Role
from accunode_common.auth.subject import Subject
from accunode_common.db.session import AccessContext
from accunode_common.errors import ConflictError, ForbiddenError, NotFoundError, UnauthenticatedError
from accunode_common.http.pagination import PageOf, PageParameters, Sorting, SortOrder
from accunode_common.http.trail import Origin, Trail
from accunode_common.ids import new_id
from accunode_common.models.identity import ApiKey
from accunode_common.models.revocations import RevocationKind
from accunode_identity.session_revocation import revoke_session

PREFIX = "ak"
MOST_KEYS = 20
_NOTE_USE_EVERY = timedelta(minutes=5)

SORTING = Sorting({"created_at": ApiKey.id, "expires_at": ApiKey.expires_at}, default="-created_at", key=ApiKey.id)


async def active(session: AsyncSession, order: SortOrder, paging: PageParameters) -> PageOf[ApiKey]:
    """The caller's good keys in the tenant they work in."""
    return await repository.page(session, order, paging)


async def create(
    session: AsyncSession,
    subject: Subject,
    trail: Trail,
    notices: Notices,
    *,
    name: str,
    scopes: Sequence[Permission],
    lifetime: timedelta,
) -> tuple[ApiKey, str]:
    """A new key and its secret.

    Raises:
        ForbiddenError: A scope is not the caller's to give.
        ConflictError: The caller has too many keys.
    """
    wanted = frozenset(scopes)
    beyond = sorted(wanted - (subject.permissions & KEY_PERMISSIONS))
    if beyond:
        raise ForbiddenError(f"A key of yours cannot have the scope {', '.join(beyond)}.")
    if await repository.count_active(session) >= MOST_KEYS:
        raise ConflictError(f"You have {MOST_KEYS} keys already; revoke one first.")
    credential = Credential.new(PREFIX, subject.tenant_id, subject.user_id, new_id())
    key = ApiKey(
        tenant_id=subject.tenant_id,
        id=credential.ids[2],
        user_id=subject.user_id,
        organization_id=subject.organization_id,
        name=name,
        key_hash=credential.hash,
        scopes=sorted(wanted),
        expires_at=datetime.now(UTC) + lifetime,
    )
    await repository.add(session, key)
    await trail.record(session, "api_key.create", "api_key", key.id, details={"scopes": key.scopes})
    await notices.tell(session, subject.user_id, CredentialChange.API_KEY_MADE)
    return key, credential.text


async def revoke(session: AsyncSession, revocations: Revocations, trail: Trail, key_id: UUID) -> None:
    """Make a key, and the tokens it was exchanged for, void at once.

    Raises:
        NotFoundError: The caller has no such good key here.
    """
    if not await repository.revoke(session, key_id):
        raise NotFoundError("You have no such key here.")
    await trail.record(session, "api_key.revoke", "api_key", key_id)
    await revoke_session(session, revocations, key_id)


async def exchange(app: Resources, text: str, origin: Origin) -> tuple[str, Subject]:
    """An access token for a key's secret, and whom it is for.

    Raises:
        UnauthenticatedError: The key is unknown, revoked or expired, or its owner is no longer there, or has no second
            factor where one is due.
        RateLimitedError: The key is exchanged too often.
    """
    credential = Credential.parse(PREFIX, text, ids=3)
    if credential is None:
        raise UnauthenticatedError("The API key is not valid.")
    tenant_id, user_id, key_id = credential.ids
    async with app.database.transaction(AccessContext(tenant_id=tenant_id, user_id=user_id)) as session:
        await memberships.await_changes(session, user_id)
        key = await repository.find_active(session, key_id)
        if key is None or not credential.matches(key.key_hash):
            raise UnauthenticatedError("The API key is not valid.")
        await count_use(app, LimitClass.KEY_USE, key_id)
        await repository.note_use(session, key, every=_NOTE_USE_EVERY)
        await hold_power(session, RevocationKind.USER, [user_id])
        await hold_power(session, RevocationKind.TENANT, [tenant_id])
        role = await repository.role_of_owner(session, key)
        held = await memberships.active_memberships(session, user_id)
        here = (tenant_id, key.organization_id)
        membership = next((one for one in held if (one.tenant_id, one.organization_id) == here), None)
        if role is None or membership is None:
            raise UnauthenticatedError("The API key is not valid.")
        if await second_factors.missing(session, app, user_id, membership):
            raise UnauthenticatedError("The key's owner must have a second factor by now: sign in, and enrol one.")
        subject = Subject(
            user_id=user_id,
            tenant_id=tenant_id,
            organization_id=key.organization_id,
            role=Role(role),
            session_id=key.id,
            scope=frozenset(Permission(scope) for scope in key.scopes),
        )
        await audit.record(
            session,
            origin.entry(
                "api_key.exchange",
                "api_key",
                key.id,
                tenant_id=tenant_id,
                actor_id=user_id,
                actor_role=subject.role,
                organization_id=key.organization_id,
            ),
        )
        token = app.keys.access_token(subject, issued_at=await moment(session))
    return token, subject
