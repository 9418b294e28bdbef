"""Tell the folders of our own distributions that an image installs: one and, through them all, those it depends on.

`python distributions.py services/auth`, from the repository's root or a copy of it.
"""

import re
import sys
import tomllib
from pathlib import Path


def installed(folder: Path, root: Path) -> list[Path]:
    """A distribution's folder and those of what it depends on, each once, in order of their names.

    Raises:
        KeyError: It depends on one of ours that is not below `root`.
    """
    projects = {}
    for file in (*root.glob("*/*/pyproject.toml"), folder / "pyproject.toml"):
        project = tomllib.loads(file.read_text())["project"]
        projects[project["name"]] = (file.parent, project)
    found: set[Path] = set()
    waiting = [tomllib.loads((folder / "pyproject.toml").read_text())["project"]["name"]]
    while waiting:
        place, project = projects[waiting.pop()]
        if place not in found:
            found.add(place)
            waiting += [
                name[0] for each in project["dependencies"] if (name := re.match(r"accunode-[a-z-]+", each)) is not None
            ]
    return sorted(found)


if __name__ == "__main__":
    root = Path.cwd()
    sys.stdout.write(" ".join(f"./{each.relative_to(root)}" for each in installed(root / sys.argv[1], root)))
