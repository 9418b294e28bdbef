"""One module a verb. Each has `register(app)`, which adds its command, or a group of commands, to the application.

Heavy imports belong inside the commands, so that `accunode-infra --help` stays quick.
"""

VERBS = (
    "alarms",
    "cost",
    "db",
    "deploy",
    "destroy",
    "diagram",
    "doctor",
    "drift",
    "events",
    "images",
    "logs",
    "params",
    "plan",
    "release",
    "scale",
    "secrets",
    "simulate",
    "status",
    "verify",
)
