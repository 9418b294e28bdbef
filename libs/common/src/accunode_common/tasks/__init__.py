"""Background work: names and payloads of tasks, the outbox they leave through, and the Celery application."""
