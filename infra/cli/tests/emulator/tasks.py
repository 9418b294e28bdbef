"""ECS tasks, which moto runs on registered instances only: each one-off task ends at once, and well unless told."""

import itertools
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult


class Tasks:
    """The tasks of an account.

    Attributes:
        exit_code: What the containers of the next tasks end with.
        all: Every task by its ARN.
        protected: The ARNs of those that are protected from scale-in.
    """

    def __init__(self, account: str, region: str) -> None:
        self.exit_code = 0
        self.all: dict[str, dict[str, Any]] = {}
        self.protected: set[str] = set()
        self._prefix = f"arn:aws:ecs:{region}:{account}:task"
        self._numbers = itertools.count(1)

    def start(self, cluster: str, status: str, **more: Any) -> dict[str, Any]:
        """Enter a task that runs, or has ended."""
        arn = f"{self._prefix}/{cluster}/{next(self._numbers):032x}"
        self.all[arn] = {
            "taskArn": arn,
            "clusterArn": cluster,
            "lastStatus": status,
            "desiredStatus": status,
            "createdAt": datetime.now(UTC),
            "containers": [{"name": "task", "exitCode": self.exit_code}] if status == "STOPPED" else [],
            **more,
        }
        return self.all[arn]

    def run_task(self, given: dict[str, Any]) -> dict[str, Any]:
        task = self.start(
            given["cluster"],
            "STOPPED",
            startedBy=given.get("startedBy", ""),
            taskDefinitionArn=given["taskDefinition"],
            overrides=given.get("overrides", {}),
        )
        return {"tasks": [task], "failures": []}

    def list_tasks(self, given: dict[str, Any]) -> dict[str, Any]:
        wanted = {"startedBy": given.get("startedBy"), "desiredStatus": given.get("desiredStatus", "RUNNING")}
        wanted["group"] = f"service:{given['serviceName']}" if "serviceName" in given else None
        found = [
            arn
            for arn, task in self.all.items()
            if all(value is None or task.get(key) == value for key, value in wanted.items())
        ]
        return {"taskArns": found}

    def describe_tasks(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"tasks": [self.all[arn] for arn in given["tasks"] if arn in self.all], "failures": []}

    def update_task_protection(self, given: dict[str, Any]) -> dict[str, Any]:
        change = self.protected.update if given["protectionEnabled"] else self.protected.difference_update
        change(given["tasks"])
        return {
            "protectedTasks": [{"taskArn": arn, "protectionEnabled": arn in self.protected} for arn in given["tasks"]]
        }

    def answers(self) -> dict[str, Any]:
        """Methods for moto's ECS responses."""

        def answer(function: Any) -> Any:
            return lambda response: ActionResult(function(response.params))

        names = ("run_task", "list_tasks", "describe_tasks", "update_task_protection")
        return {name: answer(getattr(self, name)) for name in names}
