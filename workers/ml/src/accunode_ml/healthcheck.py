"""`python -m accunode_ml.healthcheck worker` (or `relay`) ends with 0 when that process has beaten lately, else 1."""

import sys
from argparse import ArgumentParser

from accunode_common.environment import SettingsError
from accunode_ml.heartbeat import STALE_SECONDS, age
from accunode_ml.settings import HeartbeatSettings


def check(arguments: list[str] | None = None) -> int:
    """The exit status for the heartbeat file of a process; what is wrong goes to standard error."""
    parser = ArgumentParser(description="Look at the heartbeat file of a process.")
    parser.add_argument("process", nargs="?", default="worker", help="worker or relay")
    parser.add_argument(
        "--stale-after", type=float, default=STALE_SECONDS, help="Seconds after which a heartbeat is too old."
    )
    asked = parser.parse_args(arguments)
    try:
        path = HeartbeatSettings.from_environment().path(asked.process)
    except SettingsError as error:
        return _fail(str(error), 2)
    seconds = age(path)
    if seconds is None:
        return _fail(f"There is no heartbeat at {path}.")
    if seconds > asked.stale_after:
        return _fail(f"The last heartbeat was {seconds:.0f} s ago.")
    return 0


def _fail(sentence: str, status: int = 1) -> int:
    sys.stderr.write(f"{sentence}\n")
    return status


if __name__ == "__main__":
    sys.exit(check())
