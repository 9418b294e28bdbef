"""The Celery application that the relay publishes through and the workers run. Every option is explicit.

PostgreSQL is the truth and Redis is transport: there is no result backend, and a message carries identifiers only.
"""

from typing import Any

from celery import Celery
from kombu.entity import Exchange
from kombu.entity import Queue as BrokerQueue

from accunode_common.settings import RedisSettings
from accunode_common.tasks.messages import Queue
from accunode_common.tasks.waiting import KEY_PREFIX
from accunode_common.tls import broker_options

HARD_TIME_LIMIT_SECONDS = 3600
"""No task runs longer; most set a far lower limit of their own."""

VISIBILITY_TIMEOUT_SECONDS = 4 * HARD_TIME_LIMIT_SECONDS
"""When Redis gives an unacknowledged message to somebody else. Sooner than the hard limit, and a task runs twice at
once; work of a dead worker does not wait for it, as the relay frees what it held (`accunode_ml.relay.dead_workers`)."""

UNACKED_KEY = f"{KEY_PREFIX}unacked"
UNACKED_INDEX_KEY = f"{KEY_PREFIX}unacked_index"
"""Messages that workers have taken and not acknowledged, by tag, and when each was taken."""


def _transport_options() -> dict[str, Any]:
    return {
        "visibility_timeout": VISIBILITY_TIMEOUT_SECONDS,
        # How often, in seconds, and on which of those occasions a worker looks for messages to restore. The defaults
        # (10 and 10) add 100 s to every redelivery.
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        # How many of them at a time; the default, all at once, stalls the consumer after a long outage.
        "unacked_restore_limit": 200,
        # A Redis that hangs is noticed; without these a half-open connection blocks for good.
        "socket_connect_timeout": 5,
        "socket_timeout": 30,
        "socket_keepalive": True,
        "health_check_interval": 10,
        # One try at a time: the relay has its own pauses, and a worker that waits long between tries comes back late.
        "max_retries": 1,
        "interval_start": 0.2,
        # Queues take turns, so that a full one never hides the others; Redis priorities are not used.
        "queue_order_strategy": "round_robin",
        # Other users of the same Redis have other keys.
        "global_keyprefix": KEY_PREFIX,
    }


def _declared(name: str) -> BrokerQueue:
    exchange = Exchange(name, type="direct")  # type: ignore[no-untyped-call]
    return BrokerQueue(name, exchange, routing_key=name)  # type: ignore[no-untyped-call]


def configuration() -> dict[str, Any]:
    """Every Celery option that matters here, each with its reason."""
    return {
        # A message is acknowledged when its task has ended, and goes back if the process running it dies: with either
        # missing, killed work is lost.
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        # A task that raises has said so in PostgreSQL, which decides whether it is tried again; the message is done.
        "task_acks_on_failure": True,
        "task_acks_on_timeout": True,
        # One message per process: what is prefetched waits behind running work while others idle.
        "worker_prefetch_multiplier": 1,
        # JSON only: a message can name a task and identifiers, and never run code.
        "accept_content": ["json"],
        "task_serializer": "json",
        "event_serializer": "json",
        # Results live in PostgreSQL.
        "result_backend": None,
        "task_ignore_result": True,
        # Queues are declared here and nowhere else; a misspelt one is an error, not a queue nobody reads.
        "task_queues": [_declared(queue.value) for queue in Queue],
        "task_default_queue": Queue.MAINTENANCE.value,
        "task_create_missing_queues": False,
        "broker_transport_options": _transport_options(),
        # A lost broker is tried again for ever while running, but a start without one gives up (see the worker).
        "broker_connection_retry": True,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_connection_timeout": 5,
        "broker_pool_limit": 4,
        # The publisher is the relay: it keeps the outbox row and tries again itself.
        "task_publish_retry": False,
        # Work goes on through a broker outage; its message is delivered again and finds the work done.
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        # After an outage a worker takes as many messages as before: one less thing that must be restored.
        "worker_enable_prefetch_count_reduction": False,
        "task_time_limit": HARD_TIME_LIMIT_SECONDS,
        "task_soft_time_limit": HARD_TIME_LIMIT_SECONDS - 60,
        # A process is replaced now and then and when it has grown: memory that a library leaks stays bounded.
        "worker_max_tasks_per_child": 1000,
        "worker_max_memory_per_child": 500_000,  # KiB
        # Liveness is taking messages, and rates come from PostgreSQL: nobody reads events or sends commands.
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "task_send_sent_event": False,
        "task_track_started": False,
        # Log lines are ours: structured, through the root logger.
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "enable_utc": True,
        "timezone": "UTC",
    }


def create_celery(name: str, settings: RedisSettings) -> Celery:
    """A Celery application without tasks. Nothing is contacted yet."""
    app = Celery(name, set_as_current=False)
    app.conf.update(configuration(), **broker_options(settings.url.get_secret_value()))
    return app
