"""The worker's command-line entry: `celery -A accunode_ml.app worker -Q interactive,bulk,maintenance -c 2`.

Only this module of the worker reads the environment.
"""

import sys

from accunode_common.environment import SettingsError
from accunode_ml.settings import WorkerSettings
from accunode_ml.worker import create_worker

try:
    app = create_worker(WorkerSettings.from_environment())
except SettingsError as error:
    sys.exit(str(error))
