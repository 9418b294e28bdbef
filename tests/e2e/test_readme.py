"""The README's first screen, done as a reader would."""

import json
import re
import subprocess
from pathlib import Path

from tests.e2e.conftest import REPOSITORY, RunningProduct

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LOCAL_ADDRESS = "http://127.0.0.1:8000"


def test_the_worked_example_prints_what_the_readme_says(product: RunningProduct, tmp_path: Path) -> None:
    (_, _commands), (_, ask), (_, printed), (_, upload), *_ = BLOCK.findall((REPOSITORY / "README.md").read_text())
    (tmp_path / ".accunode").symlink_to(product.folder)

    script = (ask + upload).replace(LOCAL_ADDRESS, product.base_url)
    typed = subprocess.run(["bash", "-euc", script], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert typed.stdout.startswith(printed)
    submitted = json.loads(typed.stdout.removeprefix(printed))
    job = product.sign_in("org_member", tenant=0).wait(submitted["id"])
    assert (job["state"], job["rows_accepted"]) == ("completed", 1)
