"""Where a version comes from: when, from which data, by which code."""

import hashlib
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Self

from accunode_ml.training.data import US_AMOUNTS, US_RATIOS


@dataclass(frozen=True)
class Provenance:
    """What a card says of a version's making.

    Attributes:
        trained_at: Moment in UTC, to the second.
        data_sha256: SHA-256 of each file of the training data by name.
        code: The package's version, and the commit where the code lies in a repository.
    """

    trained_at: str
    data_sha256: dict[str, str]
    code: str

    @classmethod
    def now(cls, data: Path) -> Self:
        """Of a training with the data of this folder that ends now."""
        hashes = {name: hashlib.sha256((data / name).read_bytes()).hexdigest() for name in (US_RATIOS, US_AMOUNTS)}
        return cls(datetime.now(UTC).isoformat(timespec="seconds"), hashes, _code())


def _code() -> str:
    released = f"accunode-ml {version('accunode-ml')}"
    try:
        found = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return released
    return f"{released}, commit {found.stdout.strip()}"
