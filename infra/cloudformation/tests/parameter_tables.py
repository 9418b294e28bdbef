"""The tables of parameters in the README.

`python -m infra.cloudformation.tests.parameter_tables` writes them anew.
"""

import re
import sys
from typing import Any

from accunode_infra import templates

README = templates.CLOUDFORMATION / "README.md"


def table(name: str) -> str:
    """The parameters of a template as Markdown, in the order in which the template declares them."""
    rows = ["| parameter | default | |", "|---|---|---|"]
    for parameter, declared in templates.load(name)["Parameters"].items():
        rows.append(f"| `{parameter}` | {shown(declared)} | {text(declared['Description'])} |")
    return "\n".join(rows)


def shown(declared: dict[str, Any]) -> str:
    """A parameter's default; dashes when it has to be given."""
    if "Default" not in declared:
        return "required"
    return f"`{declared['Default']}`" if str(declared["Default"]) else "none"


def text(description: str) -> str:
    return description.replace("|", "\\|")


def marked(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- parameters of {name} -->\n)(.*?)(\n<!-- end -->)", re.DOTALL)


def in_readme(name: str) -> str | None:
    """The table that the README has of a template; None when it has none."""
    found = marked(name).search(README.read_text())
    return found.group(2) if found else None


def main() -> int:
    """Write every table anew."""
    readme = README.read_text()
    for name in templates.names():
        if in_readme(name) is None:
            sys.stdout.write(f"README.md has no place for the parameters of {name}: add its marks.\n")
            return 1
        readme = marked(name).sub(lambda match, name=name: match.group(1) + table(name) + match.group(3), readme)
    README.write_text(readme)
    return 0


if __name__ == "__main__":
    sys.exit(main())
