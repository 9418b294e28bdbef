"""Loads real companies' accounts from a folder, as the demo's analyst."""

from collections.abc import Callable
from pathlib import Path

from accunode_devstack.demo.client import ApiClient
from accunode_devstack.errors import DevstackError

FILES = (
    ("demo_annual_sec_companies.csv", "annual"),
    ("demo_annual_us_public_2014.xlsx", "annual"),
    ("demo_quarterly_layout_ltm_2014.xlsx", "quarterly"),
)


def load_real(client: ApiClient, data: Path, say: Callable[[str], None]) -> None:
    """Upload every file of `data`/demo that is there; a second time changes nothing but the time of the update.

    Raises DevstackError when none is there.
    """
    folder = data / "demo"
    found = [(folder / name, kind) for name, kind in FILES if (folder / name).exists()]
    if not found:
        raise DevstackError(f"There are no demo files in {folder}: name their parent with DATA=.")
    for path, kind in found:
        job = client.upload(path.name, path.read_bytes(), kind=kind, access_level="organization")
        job = client.wait_for_job(job["id"])
        say(f"{path.name}: {job['state']}, {job['rows_accepted']} of {job['rows_total']} rows accepted")
