"""The worker's own helpers do its work here too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workers" / "ml" / "tests"))
