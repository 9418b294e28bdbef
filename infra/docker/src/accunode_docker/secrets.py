"""Draws the secrets of a composed stack once, and lays out for each container the files that it may read.

`ROOT/kept/passwords.json` holds what was drawn; everything else is written from it, so that it can be lost. Each
folder is a volume of its own, mounted as `/run/secrets` in the one container that it is for.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from accunode_common.db.access import LOGIN_ROLES, DatabaseRole
from accunode_common.new_secrets import new_password, new_signing_key

DATABASE = "accunode"
SUPERUSER, REDIS, DEMO, MFA = "postgres", "redis", "demo", "mfa"

READERS = {
    "auth": DatabaseRole.AUTH,
    "tenants": DatabaseRole.TENANTS,
    "predictions": DatabaseRole.PREDICTIONS,
    "bulk-upload": DatabaseRole.BULK,
    "worker": DatabaseRole.WORKER,
    "relay": DatabaseRole.RELAY,
}
"""The containers that use the database, and the role of each."""

_REDIS_CONFIGURATION = """\
bind * -::*
protected-mode yes
requirepass {password}
dir /data
appendonly yes
appendfsync everysec
save ""
maxmemory 160mb
# A full memory must refuse new work, not drop work that was accepted.
maxmemory-policy noeviction
"""


@dataclass(frozen=True)
class _Kept:
    passwords: dict[str, str]
    signing_key: str


def lay_out(root: Path) -> None:
    """Draw what is missing, and write every container's files below `root`."""
    kept = _draw(root / "kept")
    redis_password = kept.passwords[REDIS]
    redis_url = f"redis://:{redis_password}@redis:6379/0"
    _write(root / "postgres", {"password": kept.passwords[SUPERUSER]})
    configuration = _REDIS_CONFIGURATION.format(password=redis_password)
    _write(root / "redis", {"password": redis_password, "redis.conf": configuration})
    for reader, role in READERS.items():
        url = _database_url(role, kept.passwords[role])
        _write(root / reader, {"accunode_database_url": url, "accunode_redis_url": redis_url})
    _write(root / "auth", {"signing-key.pem": kept.signing_key, "accunode_mfa_key": kept.passwords[MFA]})
    administrator = _database_url(SUPERUSER, kept.passwords[SUPERUSER], database="postgres")
    roles = {role: kept.passwords[role] for role in LOGIN_ROLES}
    _write(root / "migrate", {"accunode_admin_url": administrator, "accunode_role_passwords": json.dumps(roles)})
    auth_url = _database_url(DatabaseRole.AUTH, kept.passwords[DatabaseRole.AUTH])
    _write(root / "demo", {"accunode_database_url": auth_url, "accunode_demo_password": kept.passwords[DEMO]})


def _draw(folder: Path) -> _Kept:
    file = folder / "passwords.json"
    kept = _Kept(**json.loads(file.read_text())) if file.exists() else _Kept({}, new_signing_key())
    for name in (SUPERUSER, REDIS, DEMO, MFA, *LOGIN_ROLES):
        kept.passwords.setdefault(str(name), new_password())
    _write(folder, {file.name: json.dumps(asdict(kept), indent=2)}, mode=0o400)
    return kept


def _database_url(user: str, password: str, *, database: str = DATABASE) -> str:
    return f"postgresql://{user}:{password}@postgres:5432/{database}"


def _write(folder: Path, files: Mapping[str, str], *, mode: int = 0o444) -> None:
    # Whoever mounts a folder may read it: no container mounts another's.
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        unfinished = folder / f".{name}"
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=mode | 0o200)
        unfinished.write_text(content)
        unfinished.chmod(mode)
        unfinished.replace(folder / name)
