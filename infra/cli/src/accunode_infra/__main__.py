"""The command's way in, also where it is not on the path; says what to install where its packages are not."""

import sys


def main() -> None:
    """Run the command that the shell gave."""
    try:
        from accunode_infra.cli import app

        app(prog_name="accunode-infra")
    except ModuleNotFoundError as missing:
        if (missing.name or "accunode").startswith("accunode"):
            raise
        sys.stderr.write(
            f"accunode-infra needs {missing.name}, which `make up` does not install: run `make .venv/.dev`, then this "
            "again.\n"
        )
        sys.exit(3)


if __name__ == "__main__":
    main()
