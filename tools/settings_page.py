"""Writes docs/settings.md: every variable that a process reads, with its default, its meaning and its readers.

Usage: settings_page.py
"""

import sys
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from accunode_auth.admin import AdminSettings
from accunode_auth.settings import AuthSettings
from accunode_bulk_upload.settings import BulkUploadSettings
from accunode_common.environment import Concern, ProcessSettings, variables
from accunode_common.migrations.__main__ import MigratorSettings
from accunode_common.migrations.prepare import PrepareSettings
from accunode_common.reach import ReachSettings
from accunode_common.routing import SERVICES
from accunode_common.serve import ServeSettings
from accunode_common.settings import LogSettings
from accunode_docker.demo import DemoSettings
from accunode_ml.settings import RelaySettings, WorkerSettings
from accunode_predictions.settings import PredictionsSettings
from accunode_tenants.settings import TenantsSettings

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"

PROCESSES: dict[str, tuple[type[Concern] | type[ProcessSettings], ...]] = {
    "auth": (AuthSettings, ServeSettings),
    "tenants": (TenantsSettings, ServeSettings),
    "predictions": (PredictionsSettings, ServeSettings),
    "bulk-upload": (BulkUploadSettings, ServeSettings),
    "worker": (WorkerSettings,),
    "relay": (RelaySettings,),
    "migrate": (PrepareSettings, ReachSettings, LogSettings),
    "migrations": (MigratorSettings,),
    "auth admin": (AdminSettings,),
    "demo": (DemoSettings,),
}
"""The settings that each process reads; of two that read the same variable, the first says what it needs."""

_HEAD = """# Settings

Every variable that a process reads from its environment. `make settings-page` writes this page from the classes of
settings, and a test holds that it is current. Lists, sets and mappings are JSON; times are ISO 8601 (`PT30S`).

`ACCUNODE_SECRETS_DIR` names a folder of files, each of which holds one setting and bears its variable's name in lower
case, such as `accunode_database_url`; a variable of the environment goes before its file. A setting that is missing or
unusable ends the start with a sentence that names it.

Readers: the services by their names (*services* is all four), `worker` and `relay`; `migrate` is
`accunode_common.migrations prepare` with `accunode_common.reach`, `migrations` its other commands, `auth admin` the
auth service's commands, `demo` the loader of the composed stack. Where readers have other defaults, each has a row.

| variable | default | meaning | read by |
|---|---|---|---|
"""


def page() -> str:
    """The page."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for process, kinds in PROCESSES.items():
        for name, field in variables(*kinds).items():
            rows.setdefault((name, _default(field), _meaning(field)), []).append(process)
    return _HEAD + "".join(
        f"| `{name}` | {default} | {meaning} | {_readers(readers)} |\n"
        for (name, default, meaning), readers in sorted(rows.items())
    )


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default: Any = TypeAdapter(Any).dump_python(field.get_default(), mode="json")
    return "" if default is None else f"`{default}`"


def _meaning(field: FieldInfo) -> str:
    return " ".join((field.description or "").split()).replace("|", r"\|")


def _readers(readers: list[str]) -> str:
    services = [service.name for service in SERVICES]
    if set(services) <= set(readers):
        readers = ["*services*", *(reader for reader in readers if reader not in services)]
    return ", ".join(readers)


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE}\n")
