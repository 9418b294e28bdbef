"""Where a version comes from: when, from which data, by which code."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Self

import accunode_ml.training
import accunode_scoring
from accunode_ml.training.data import US_AMOUNTS, US_RATIOS


@dataclass(frozen=True)
class Provenance:
    """What a card says of a version's making.

    Attributes:
        trained_at: Moment in UTC, to the second.
        data_sha256: SHA-256 of each file of the training data by name.
        code: The package's version, and a SHA-256 over the modules that train and score.
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
    digest = hashlib.sha256()
    for package in (accunode_ml.training, accunode_scoring):
        for module in sorted(Path(*package.__path__).glob("*.py")):
            digest.update(module.name.encode() + module.read_bytes())
    return f"accunode-ml {version('accunode-ml')}, modules {digest.hexdigest()[:12]}"
