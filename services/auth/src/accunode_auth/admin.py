"""Commands for whoever runs an installation: `python -m accunode_auth.admin --help`."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import SQLAlchemyError

from accunode_auth.users import bootstrap
from accunode_auth.users.bootstrap import ensure_super_admin
from accunode_common.auth.password_hashing import PasswordHashing
from accunode_common.db.session import Database
from accunode_common.emails import EmailAddress
from accunode_common.environment import ProcessSettings, SettingsError
from accunode_common.new_secrets import new_signing_key
from accunode_common.settings import DatabaseSettings, HashingSettings
from accunode_identity.password_policy import NewPassword

PASSWORD_VARIABLE = "ACCUNODE_ADMIN_PASSWORD"


class AdminSettings(ProcessSettings):
    """What the commands need: the auth service's database URL, and the cost of a password hash."""

    database: DatabaseSettings
    passwords: HashingSettings


class _NewAdmin(BaseModel):
    email: EmailAddress
    password: NewPassword


def create_super_admin(email: str, full_name: str) -> str:
    """Make a super admin, or make an existing person one.

    Raises:
        SettingsError: The environment is not usable.
        ValidationError: The address or the password is not acceptable.
        SQLAlchemyError: The database refused.
    """
    password = os.environ.get(PASSWORD_VARIABLE) or sys.stdin.readline().rstrip("\n")
    wanted = _NewAdmin(email=email, password=password)
    made = asyncio.run(_ensure(AdminSettings.from_environment(), wanted, full_name))
    return f"{wanted.email} is a super admin{' now' if made else ' already'}."


async def _ensure(settings: AdminSettings, wanted: _NewAdmin, full_name: str) -> bool:
    database = Database(settings.database, "accunode-auth-admin")
    try:
        password_hash = await PasswordHashing(settings.passwords).hash(wanted.password)
        return await ensure_super_admin(database, email=wanted.email, full_name=full_name, password_hash=password_hash)
    finally:
        await database.close()


def confirm_addresses(emails: Sequence[str]) -> str:
    """Note that addresses are their accounts' owners', as if a mail to each had been answered.

    Raises:
        SettingsError: The environment is not usable.
        SQLAlchemyError: The database refused.
    """
    unknown = asyncio.run(_confirm(AdminSettings.from_environment(), emails))
    if unknown:
        raise SettingsError(f"There is no account of {', '.join(unknown)}.")
    return f"Confirmed {len(emails)} addresses."


async def _confirm(settings: AdminSettings, emails: Sequence[str]) -> list[str]:
    database = Database(settings.database, "accunode-auth-admin")
    try:
        return await bootstrap.confirm_addresses(database, emails)
    finally:
        await database.close()


def generate_key(path: Path) -> str:
    """Write a fresh signing key, readable by its owner only.

    Raises:
        OSError: The file exists, or cannot be written.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(new_signing_key())
    return f"Wrote {path}."


def main() -> int:
    """Run one command; exit 1 with a sentence when it cannot be done."""
    parser = argparse.ArgumentParser(prog="accunode-auth-admin", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    super_admin = actions.add_parser(
        "create-super-admin", help=f"make a super admin; the password comes from {PASSWORD_VARIABLE} or standard input"
    )
    super_admin.add_argument("--email", required=True)
    super_admin.add_argument("--full-name", default="")
    addresses = actions.add_parser(
        "confirm-addresses", help="note that addresses are their accounts' owners', where no mail can show it"
    )
    addresses.add_argument("email", nargs="+")
    key = actions.add_parser("generate-key", help="make a signing key; to rotate, give it a name that sorts last")
    key.add_argument("path", type=Path)
    arguments = parser.parse_args()
    try:
        match arguments.action:
            case "create-super-admin":
                done = create_super_admin(arguments.email, arguments.full_name)
            case "confirm-addresses":
                done = confirm_addresses(arguments.email)
            case _:
                done = generate_key(arguments.path)
    except ValidationError as error:
        faults = "; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())
        sys.stderr.write(f"{faults}\n")
        return 1
    except (SettingsError, SQLAlchemyError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{done}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
