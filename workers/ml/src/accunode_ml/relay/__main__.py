"""`python -m accunode_ml.relay`: run the relay until SIGTERM or SIGINT."""

import signal
import sys
import threading

from accunode_common.environment import SettingsError
from accunode_common.log import configure_logging
from accunode_ml.relay.loop import Relay
from accunode_ml.settings import RelaySettings
from accunode_ml.startup import StartupError, await_postgres, await_redis


def main() -> None:
    """Start, wait for the servers, relay, and end cleanly."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        settings = RelaySettings.from_environment()
        configure_logging(settings.log, service="relay")
        await_redis(settings.redis, seconds=settings.startup.seconds)
        await_postgres(settings.database, seconds=settings.startup.seconds)
    except (SettingsError, StartupError) as error:
        sys.exit(f"The relay cannot start: {error}")
    Relay(settings, stop).run()


if __name__ == "__main__":
    main()
