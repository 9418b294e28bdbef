"""Power that is taken away is gone for tokens issued before the change, and for those issued while it was under way."""

from datetime import UTC, datetime

from fastapi import BackgroundTasks
from redis.asyncio import Redis

from accunode_common.auth.jwks import FixedKeys
from accunode_common.auth.revocation import Revocations
from accunode_common.auth.tokens import AccessToken, TokenVerifier
from accunode_common.http.ending import Ending
from accunode_common.ratelimit import RateLimit
from accunode_common.testing.keys import AUDIENCE, ISSUER, TestIssuer
from accunode_common.testing.people import World


async def token(issuer: TestIssuer, world: World) -> AccessToken:
    source: FixedKeys = issuer.source
    text = issuer.token(world.one.org_member.subject, issued_at=datetime.now(UTC))
    return await TokenVerifier(source, issuer=ISSUER, audience=AUDIENCE).verify(text)


async def test_a_token_issued_during_the_change_is_void_after_the_reply(
    redis_server: object, issuer: TestIssuer, world: World
) -> None:
    redis = Redis.from_url(redis_server.url, decode_responses=True)  # type: ignore[attr-defined]
    revocations, limit = Revocations(redis), RateLimit("ending", 1000, 60)
    for end in ("user", "tenant"):
        before, afterwards = await token(issuer, world), BackgroundTasks()
        ending = Ending(revocations, afterwards)
        subject = world.one.org_member
        await getattr(ending, end)(subject.user_id if end == "user" else subject.tenant_id)
        during = await token(issuer, world)
        assert (await revocations.admit(before, limit))[0]
        assert not (await revocations.admit(during, limit))[0]
        await afterwards()
        assert (await revocations.admit(during, limit))[0]
        assert not (await revocations.admit(await token(issuer, world), limit))[0]
    await redis.aclose()
