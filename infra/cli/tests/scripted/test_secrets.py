"""Secrets: drawn once, composed when their servers stand, listed without values, rotated while in use."""

import json
from contextlib import suppress
from typing import Any

import pytest
from infra.cli.tests.scripted.conftest import Scene
from infra.cli.tests.scripted.wire import Killed

from accunode_auth.keys.keyring import read_keys
from accunode_common.auth.tokens import ACCESS_TOKEN_LIFETIME
from accunode_common.db.access import LOGIN_ROLES
from accunode_infra.errors import RefusedError, UsageError
from accunode_infra.secrets.draw import draw, refuse_drawn
from accunode_infra.secrets.restart import restart
from accunode_infra.secrets.rotate import rotate
from accunode_infra.secrets.store import NEEDED, ROLES, SIGNING_KEYS, Store, named

PREFIX = "/accunode/production/"


def value(scene: Scene, name: str) -> str:
    """A secret's value as it stands in the store."""
    return scene.cloud.ssm[PREFIX + name][0]


@pytest.fixture
def drawn(scene: Scene) -> Scene:
    """An environment with all secrets, whose database, cache, services, workers and relay run."""
    cloud = scene.cloud
    cloud.exports |= {"DatabaseHost": "db.internal", "DatabasePort": "5432", "CacheHost": "cache.internal"}
    cloud.exports |= {
        "CachePort": "6379",
        "CacheGroup": "accunode-production",
        "DatabaseInstance": "accunode-production-1",
    }
    for name in ("tenants", "predictions", "bulk-upload"):
        if name != "tenants":
            cloud.add_service(name)
        cloud.state(name).update(BlueImage=cloud.image(name, 1), BlueCount="2")
    for name in ("worker", "relay"):
        cloud.stacks[f"accunode-production-{name}"].parameters.update(Image=cloud.image("worker", 1), DesiredCount="2")
    cloud.stacks["accunode-production-migrate"].parameters["Image"] = scene.old
    for stack in cloud.stacks.values():
        cloud.apply(stack, cloud.clock.now())
    cloud.settle()
    draw(scene.site())
    cloud.tokens = [value(scene, "cache/auth-token")]
    return scene


def test_what_is_missing_is_drawn_once_and_urls_wait_for_their_servers(scene: Scene) -> None:
    written, waits = draw(scene.site())
    assert ("data", "master-password") in written
    assert ("auth", "database-url") in waits
    drawn = dict(scene.cloud.ssm)
    scene.cloud.exports |= {"DatabaseHost": "db.internal", "CacheHost": "cache.internal"}
    written, waits = draw(scene.site())
    assert waits == []
    assert drawn.items() <= scene.cloud.ssm.items(), "what was drawn stays"
    assert {each.name for each in Store(scene.site()).listed()} == set(NEEDED)
    assert draw(scene.site()) == ([], [])


def test_every_reader_gets_a_url_that_checks_the_servers_certificate(drawn: Scene) -> None:
    passwords = json.loads(value(drawn, "migrate/role-passwords"))
    assert set(passwords) == set(LOGIN_ROLES)
    for reader, role in ROLES.items():
        url = value(drawn, f"{reader}/database-url")
        assert url.startswith(f"postgresql://{role}:{passwords[role]}@db.internal:5432/accunode?")
        assert url.endswith("?sslmode=verify-full&sslrootcert=/etc/accunode/rds-ca.pem")
        assert (
            value(drawn, f"{reader}/redis-url") == f"rediss://:{value(drawn, 'cache/auth-token')}@cache.internal:6379/0"
        )
    assert value(drawn, "queue-metric/redis-token") == value(drawn, "cache/auth-token")
    assert value(drawn, "cache/auth-token").isalnum(), "ElastiCache refuses underscores"


def test_a_secret_is_stored_encrypted_and_listed_without_its_value(drawn: Scene) -> None:
    listed = Store(drawn.site()).listed()
    assert listed
    assert all(PREFIX + "/".join(each.name) in drawn.cloud.secret for each in listed)
    assert not any(value(drawn, "/".join(each.name)) in str(each) for each in listed)


def test_signing_keys_are_rotated_so_that_no_token_is_refused(
    drawn: Scene, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("keys") / "keys.pem"
    seen: list[list[bytes]] = []

    def started() -> None:
        file.write_text(value(drawn, "auth/signing-keys"))
        keys = [key.public_key().public_bytes_raw() for key in read_keys(file)]
        if not seen or seen[-1] != keys:
            seen.append(keys)

    started()
    drawn.process(observe=lambda name: started() if name == "ecs.UpdateService" else None)
    assert rotate(drawn.site(), "signing-keys") is False, "tokens of the old key are still out there"
    drawn.cloud.clock.sleep(ACCESS_TOKEN_LIFETIME.total_seconds() + 1)
    assert rotate(drawn.site(), "signing-keys") is True
    old, new = seen[0][0], seen[-1][0]
    assert seen == [[old], [new, old], [old, new], [new]], "published, then signing (the last signs), then alone"
    assert drawn.cloud.started == ["accunode-production-auth-blue"] * 3


def test_a_rotation_of_signing_keys_killed_at_any_call_ends_with_one_new_key(drawn: Scene) -> None:
    kept = dict(drawn.cloud.ssm)
    old = value(drawn, "auth/signing-keys")
    wire = drawn.process()
    rotate(drawn.site(), "signing-keys")
    for number in range(1, len(wire.calls) + 1):
        drawn.cloud.ssm = dict(kept)
        drawn.process(kill_at=number)
        with suppress(Killed):
            rotate(drawn.site(), "signing-keys")
        drawn.process()
        rotate(drawn.site(), "signing-keys")
        drawn.cloud.clock.sleep(ACCESS_TOKEN_LIFETIME.total_seconds() + 1)
        assert rotate(drawn.site(), "signing-keys") is True
        keys = Store(drawn.site()).need(SIGNING_KEYS)
        assert keys.count("BEGIN PRIVATE KEY") == 1
        assert keys != old


def test_passwords_of_roles_change_one_role_at_a_time_and_the_reader_is_started_after(drawn: Scene) -> None:
    before = json.loads(value(drawn, "migrate/role-passwords"))
    assert rotate(drawn.site(), "role-passwords") is True
    after = json.loads(value(drawn, "migrate/role-passwords"))
    assert all(before[role] != after[role] for role in LOGIN_ROLES)
    assert len(drawn.cloud.one_off) == len(LOGIN_ROLES)
    for reader, role in ROLES.items():
        assert f":{after[role]}@" in value(drawn, f"{reader}/database-url")
        slot = "" if reader in {"worker", "relay"} else "-blue"
        assert drawn.cloud.started.count(f"accunode-production-{reader}{slot}") == 1


def test_redis_takes_both_tokens_until_everybody_has_the_new_one(drawn: Scene) -> None:
    old = drawn.cloud.tokens[-1]
    taken: list[list[str]] = []
    drawn.process(observe=lambda name: taken.append(drawn.cloud.tokens) if name == "ecs.UpdateService" else None)
    assert rotate(drawn.site(), "auth-token") is True
    assert len(taken) == len(ROLES)
    assert all(old in tokens and len(tokens) == 2 for tokens in taken)
    assert drawn.cloud.tokens == [value(drawn, "cache/auth-token")]
    assert old not in value(drawn, "auth/redis-url")
    assert old not in value(drawn, "queue-metric/redis-token")


def test_copies_count_as_started_anew_only_when_ecs_tells_of_the_new_roll_out(drawn: Scene) -> None:
    model = drawn.process().model
    describe, start, stale = model.ecs_describe_services, model.ecs_update_service, []

    def started(request: dict[str, Any]) -> dict[str, Any]:
        before, answer = describe({"services": [request["service"]]}), start(request)
        stale.extend([before] * 2)
        return answer

    model.ecs_update_service = started
    model.ecs_describe_services = lambda request: stale.pop() if stale else describe(request)
    restart(drawn.site(), "auth")
    assert drawn.cloud.started == ["accunode-production-auth-blue"]
    assert [each.state for each in drawn.cloud.services["accunode-production-auth-blue"].deployments] == ["COMPLETED"]


def test_a_token_counts_as_taken_only_when_redis_has_no_change_pending(drawn: Scene) -> None:
    model = drawn.process().model
    describe, pending = model.elasticache_describe_replication_groups, [{"AuthTokenStatus": "ROTATING"}] * 3

    def described(request: dict[str, Any]) -> dict[str, Any]:
        found = describe(request)
        if pending:
            assert value(drawn, "cache/auth-token") != value(drawn, "cache/next-auth-token")
            found["ReplicationGroups"][0]["PendingModifiedValues"] = pending.pop()
        return found

    model.elasticache_describe_replication_groups = described
    assert rotate(drawn.site(), "auth-token") is True
    assert pending == []


def test_the_administrators_password_changes_on_the_server_and_in_the_migrations_url(drawn: Scene) -> None:
    assert rotate(drawn.site(), "master-password") is True
    assert drawn.cloud.master_password == value(drawn, "data/master-password")
    assert f":{drawn.cloud.master_password}@" in value(drawn, "migrate/admin-url")


def test_the_mfa_key_is_not_rotated_and_it_is_said_what_would_break(drawn: Scene) -> None:
    with pytest.raises(RefusedError, match="lock out all who enrolled an authenticator"):
        rotate(drawn.site(), "mfa-key")


def test_what_a_server_knows_too_is_not_put_by_hand() -> None:
    with pytest.raises(RefusedError, match="secrets rotate"):
        refuse_drawn(named("cache/auth-token"))
    with pytest.raises(UsageError, match="no secret auth/nothing: they are"):
        named("auth/nothing")
