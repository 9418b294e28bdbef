"""The revocations that PostgreSQL holds, and the locks by which they never miss a token.

Whoever issues a token holds the power it names (`hold_power`) while reading what the person may do; whoever takes
power away (`record_revocations`) has it alone until the transaction ends. So a token is issued either before the
moment of the revocation, and void, or after the change, with what is left. Both moments are the database's, so clocks
do not matter. Rows are locked before power, never after: call these last.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Integer, and_, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.tokens import ACCESS_TOKEN_LIFETIME, CLOCK_LEEWAY, AccessToken
from accunode_common.models.revocations import RevocationKind, RevocationRecord, member_id

_LIVES = ACCESS_TOKEN_LIFETIME + 2 * CLOCK_LEEWAY
_SLOTS = 1024
_LOCKS = {RevocationKind.USER: 0x4ACC1, RevocationKind.MEMBER: 0x4ACC1, RevocationKind.TENANT: 0x4ACC2}
_ALL_RECORDS = 0x4ACC3


@dataclass(frozen=True, slots=True)
class Revocation:
    """A revocation: whose tokens are void, and until when they were issued.

    Attributes:
        kind: What `id` names.
        id: A session or an API key, a user, a tenant, or a user in a tenant.
        moment_ms: Tokens issued until then are void, in milliseconds since 1970; a session's are void for good.
        lives_ms: Milliseconds until no such token can live any more.
    """

    kind: RevocationKind
    id: UUID
    moment_ms: float
    lives_ms: int


async def hold_power(session: AsyncSession, kind: RevocationKind, ids: Iterable[UUID]) -> None:
    """Let nobody end the power of these users or tenants until the transaction ends; read it after this."""
    await session.execute(select(func.pg_advisory_xact_lock_shared(_LOCKS[kind], _slots(ids))))


async def moment(session: AsyncSession) -> datetime:
    """The database's time, for a token that is issued now."""
    now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return now


async def record_revocations(
    session: AsyncSession, kind: RevocationKind, ids: Sequence[UUID], *, holders: Sequence[UUID] | None = None
) -> list[Revocation]:
    """Record that what these were issued so far is void, and keep new tokens waiting until the transaction ends.

    Args:
        holders: Whose power it is, where the ids name a part of it.
    """
    await session.execute(select(func.pg_advisory_xact_lock_shared(_ALL_RECORDS)))
    if kind in _LOCKS:
        await session.execute(select(func.pg_advisory_xact_lock(_LOCKS[kind], _slots(holders or ids))))
    now = func.clock_timestamp()
    added = insert(RevocationRecord).values(
        [{"kind": kind, "id": one, "moment": now, "expires_at": now + _LIVES} for one in sorted(set(ids))]
    )
    recorded = await session.execute(
        added.on_conflict_do_update(
            index_elements=[RevocationRecord.kind, RevocationRecord.id],
            set_={"moment": added.excluded.moment, "expires_at": added.excluded.expires_at},
        ).returning(RevocationRecord.kind, RevocationRecord.id, RevocationRecord.moment, RevocationRecord.expires_at)
    )
    return [_revocation(*row) for row in recorded]


async def covers(session: AsyncSession, token: AccessToken) -> bool:
    """Whether a revocation voids the token."""
    subject = token.subject
    issued = datetime.fromtimestamp(token.issued_at, UTC)
    kind, of, until = RevocationRecord.kind, RevocationRecord.id, RevocationRecord.moment
    found = exists().where(
        RevocationRecord.expires_at > func.now(),
        or_(
            and_(kind == RevocationKind.SESSION, of == subject.session_id),
            and_(kind == RevocationKind.USER, of == subject.user_id, until >= issued),
            and_(kind == RevocationKind.TENANT, of == subject.tenant_id, until >= issued),
            and_(kind == RevocationKind.MEMBER, of == member_id(subject.tenant_id, subject.user_id), until >= issued),
        ),
    )
    return bool(await session.scalar(select(found)))


async def hold_still(session: AsyncSession) -> None:
    """Wait for revocations under way, and let no other be recorded until the transaction ends."""
    await session.execute(select(func.pg_advisory_xact_lock(_ALL_RECORDS)))


async def standing(session: AsyncSession) -> list[Revocation]:
    """Every revocation of tokens that may still live."""
    query = select(
        RevocationRecord.kind, RevocationRecord.id, RevocationRecord.moment, RevocationRecord.expires_at
    ).where(RevocationRecord.expires_at > func.now())
    return [_revocation(*row) for row in await session.execute(query)]


def _revocation(kind: str, of: UUID, until: datetime, expires_at: datetime) -> Revocation:
    left = max(1, int((expires_at - datetime.now(UTC)).total_seconds() * 1000))
    return Revocation(RevocationKind(kind), of, until.timestamp() * 1000, left)


def _slots(ids: Iterable[UUID]) -> object:
    # A few locks stand for all ids, since the server holds only so many; their order keeps two from waiting in a ring.
    slots = sorted({one.int % _SLOTS for one in ids})
    return func.unnest(literal(slots, ARRAY(Integer)))
