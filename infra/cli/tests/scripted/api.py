"""What the model answers to each call: one method a call, named as boto3 names it."""

import json
from typing import Any

from infra.cli.tests.scripted.cloud import PREFIX, PUBLIC_URL, REGISTRY, SLOTS, Cloud, Stack
from infra.cli.tests.scripted.fleet import ACCOUNT, CLUSTER, REGION, Manner, Service, Task, new_task
from infra.cli.tests.scripted.wire import AwsError


class Api:
    """The calls that a release makes.

    Args:
        cloud: The model.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def advance(self) -> None:
        """Bring the model to the clock's time."""
        self.cloud.advance()

    # CloudFormation.

    def _stack(self, name: str) -> Stack:
        if name not in self.cloud.stacks:
            raise AwsError("ValidationError", f"Stack with id {name} does not exist")
        return self.cloud.stacks[name]

    def cloudformation_describe_stacks(self, asked: dict[str, Any]) -> dict[str, Any]:
        stack = self._stack(asked["StackName"])
        listed = [{"ParameterKey": key, "ParameterValue": value} for key, value in stack.parameters.items()]
        now = self.cloud.clock.now()
        return {
            "Stacks": [
                {"StackName": stack.name, "CreationTime": now, "StackStatus": stack.status, "Parameters": listed}
            ]
        }

    def cloudformation_update_stack(self, asked: dict[str, Any]) -> dict[str, Any]:
        stack = self._stack(asked["StackName"])
        if stack.since is not None:
            raise AwsError("ValidationError", f"Stack:{stack.name} is in {stack.status} state and can not be updated.")
        new = {each["ParameterKey"]: each["ParameterValue"] for each in asked["Parameters"] if "ParameterValue" in each}
        if stack.parameters | new == stack.parameters:
            raise AwsError("ValidationError", "No updates are to be performed.")
        values = stack.parameters | new
        if "ActiveSlot" in values and not values[f"{values['ActiveSlot'].capitalize()}Image"]:
            raise AwsError("ValidationError", "Template error: the active slot has no image.")
        now = self.cloud.clock.now()
        stack.before, stack.parameters = stack.parameters, stack.parameters | new
        stack.status, stack.since = "UPDATE_IN_PROGRESS", now
        self.cloud.apply(stack, now)
        return {"StackId": stack.name}

    def cloudformation_cancel_update_stack(self, asked: dict[str, Any]) -> dict[str, Any]:
        stack = self._stack(asked["StackName"])
        if stack.status != "UPDATE_IN_PROGRESS":
            raise AwsError("ValidationError", "CancelUpdateStack cannot be called from current stack status")
        self.cloud.revert(stack, self.cloud.clock.now())
        return {}

    def cloudformation_describe_stack_events(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"StackEvents": self._stack(asked["StackName"]).events}

    def cloudformation_list_exports(self, asked: dict[str, Any]) -> dict[str, Any]:
        values = {
            "ClusterName": CLUSTER,
            "ApiCapacityProvider": f"{PREFIX}api",
            "WorkerCapacityProvider": f"{PREFIX}worker",
            "PublicUrl": PUBLIC_URL,
            **self.cloud.exports,
        }
        return {"Exports": [{"Name": PREFIX + name, "Value": value} for name, value in values.items()]}

    def cloudformation_list_stack_resources(self, asked: dict[str, Any]) -> dict[str, Any]:
        stack = self._stack(asked["StackName"])
        short = stack.name.removeprefix(PREFIX)
        found = [
            (f"{slot}Service", "AWS::ECS::Service", each.arn) for slot, each in self.cloud.services_of(stack).items()
        ]
        if short.startswith("service-"):
            found += [
                (
                    f"{slot}TargetGroup",
                    "AWS::ElasticLoadBalancingV2::TargetGroup",
                    f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/{short[8:]}-{slot.lower()}/1",
                )
                for slot in SLOTS
            ]
        if short == "migrate":
            found.append(
                ("Task", "AWS::ECS::TaskDefinition", f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/migrate:1")
            )
        found += [
            (f"Alarm{number}", "AWS::CloudWatch::Alarm", name)
            for number, name in enumerate(self.cloud.alarms)
            if name.startswith(f"{stack.name}-")
        ]
        now = self.cloud.clock.now()
        return {
            "StackResourceSummaries": [
                {
                    "LogicalResourceId": logical,
                    "ResourceType": kind,
                    "PhysicalResourceId": physical,
                    "LastUpdatedTimestamp": now,
                    "ResourceStatus": "CREATE_COMPLETE",
                }
                for logical, kind, physical in found
            ]
        }

    # ECS.

    def _by_arn(self, name: str) -> Service | None:
        return next((each for each in self.cloud.services.values() if name in {each.arn, each.name}), None)

    def ecs_describe_services(self, asked: dict[str, Any]) -> dict[str, Any]:
        found = [each for name in asked["services"] if (each := self._by_arn(name))]
        now = self.cloud.clock.now()
        return {
            "services": [
                {
                    "serviceArn": each.arn,
                    "serviceName": each.name,
                    "status": "ACTIVE",
                    "desiredCount": each.desired,
                    "runningCount": sum(
                        task.status(now, self.cloud.manners[task.image]) == "RUNNING" for task in each.live()
                    ),
                    "taskDefinition": each.deployments[0].definition,
                    "deployments": [
                        {
                            "id": one.id,
                            "status": "ACTIVE" if number else "PRIMARY",
                            "rolloutState": one.state,
                            "rolloutStateReason": "tasks failed to start.",
                            "createdAt": one.created,
                        }
                        for number, one in enumerate(each.deployments)
                    ],
                    "events": [{"message": each.event}],
                }
                for each in found
            ]
        }

    def ecs_list_tasks(self, asked: dict[str, Any]) -> dict[str, Any]:
        if "startedBy" in asked:
            tasks = [each for each in self.cloud.one_off if each.started_by == asked["startedBy"]]
        else:
            service = self._by_arn(asked["serviceName"])
            tasks = service.tasks if service else []
        stopped = asked["desiredStatus"] == "STOPPED"
        return {"taskArns": [each.arn for each in tasks if (each.stopped is not None) is stopped]}

    def ecs_describe_tasks(self, asked: dict[str, Any]) -> dict[str, Any]:
        everything = [*self.cloud.one_off, *(task for each in self.cloud.services.values() for task in each.tasks)]
        return {"tasks": [self._task(each) for each in everything if each.arn in asked["tasks"]], "failures": []}

    def _task(self, task: Task) -> dict[str, Any]:
        container = {"name": "app", "image": task.image, "imageDigest": task.image.partition("@")[2]}
        if task.exit is not None:
            container["exitCode"] = task.exit
        return {
            "taskArn": task.arn,
            "taskDefinitionArn": task.definition,
            "startedBy": task.started_by,
            "createdAt": task.created,
            "stopCode": task.code,
            "stoppedReason": task.reason,
            "lastStatus": task.status(self.cloud.clock.now(), self.cloud.manners.get(task.image, Manner.FIT)),
            "containers": [container],
        }

    def ecs_describe_task_definition(self, asked: dict[str, Any]) -> dict[str, Any]:
        options = {"awslogs-group": "/accunode/production/auth", "awslogs-stream-prefix": "auth"}
        container = {"name": "app", "logConfiguration": {"logDriver": "awslogs", "options": options}}
        return {"taskDefinition": {"taskDefinitionArn": asked["taskDefinition"], "containerDefinitions": [container]}}

    def ecs_run_task(self, asked: dict[str, Any]) -> dict[str, Any]:
        image = self.cloud.stacks[f"{PREFIX}migrate"].parameters["Image"]
        task = new_task(asked["taskDefinition"], image, self.cloud.clock.now(), asked["startedBy"])
        self.cloud.one_off.append(task)
        return {"tasks": [self._task(task)], "failures": []}

    def ecs_list_container_instances(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"containerInstanceArns": [f"arn:aws:ecs:{REGION}:{ACCOUNT}:container-instance/{CLUSTER}/1"]}

    def ecs_describe_container_instances(self, asked: dict[str, Any]) -> dict[str, Any]:
        attributes = [{"name": "ecs.cpu-architecture", "value": self.cloud.instance_architecture}]
        return {"containerInstances": [{"attributes": attributes, "capacityProviderName": f"{PREFIX}api"}]}

    def ecs_update_service(self, asked: dict[str, Any]) -> dict[str, Any]:
        service = self._by_arn(asked["service"])
        if service is None or not asked["forceNewDeployment"]:
            raise AwsError("ServiceNotFoundException")
        service.start_anew(self.cloud.clock.now())
        self.cloud.started.append(service.name)
        return {"service": self.ecs_describe_services({"services": [service.arn]})["services"][0]}

    # The rest.

    def elbv2_describe_target_health(self, asked: dict[str, Any]) -> dict[str, Any]:
        name = asked["TargetGroupArn"].split("/")[1]
        service = self.cloud.services.get(PREFIX + name)
        now = self.cloud.clock.now()
        healthy = service.healthy(now, self.cloud.manners) if service else 0
        rest = len(service.live()) - healthy if service else 0
        states = [{"State": "healthy"}] * healthy
        states += [{"State": "unhealthy", "Description": "Health checks failed with these codes: [503]"}] * rest
        return {"TargetHealthDescriptions": [{"Target": {"Id": "i-1"}, "TargetHealth": each} for each in states]}

    def ssm_put_parameter(self, asked: dict[str, Any]) -> dict[str, Any]:
        name = asked["Name"]
        if name in self.cloud.ssm and not asked.get("Overwrite"):
            raise AwsError("ParameterAlreadyExists")
        if len(asked["Value"]) > 4096:
            raise AwsError("ValidationException", "a standard parameter holds at most 4096 bytes")
        version = self.cloud.ssm.get(name, ("", 0))[1] + 1
        self.cloud.ssm[name] = (asked["Value"], version)
        if asked["Type"] == "SecureString":
            self.cloud.secret.add(name)
        return {"Version": version}

    def ssm_get_parameters_by_path(self, asked: dict[str, Any]) -> dict[str, Any]:
        moment = self.cloud.clock.now()
        return {
            "Parameters": [
                {
                    "Name": name,
                    "Type": "SecureString" if name in self.cloud.secret else "String",
                    "Version": version,
                    "LastModifiedDate": moment,
                    "Value": "ciphertext",
                }
                for name, (_, version) in self.cloud.ssm.items()
                if name.startswith(f"{asked['Path']}/")
            ]
        }

    def ssm_get_parameter(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["Name"] not in self.cloud.ssm:
            raise AwsError("ParameterNotFound")
        value, version = self.cloud.ssm[asked["Name"]]
        return {"Parameter": {"Name": asked["Name"], "Value": value, "Version": version}}

    def ssm_delete_parameter(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.cloud.ssm.pop(asked["Name"], None)
        return {}

    def _image(self, repository: str, image: dict[str, str]) -> tuple[str, str]:
        for tag, reference in self.cloud.tags.items():
            mine = reference.startswith(f"{REGISTRY}/{repository}@")
            if mine and (image.get("imageTag") == tag or image.get("imageDigest") == reference.partition("@")[2]):
                return tag, reference
        raise AwsError("ImageNotFoundException")

    def ecr_describe_images(self, asked: dict[str, Any]) -> dict[str, Any]:
        tag, reference = self._image(asked["repositoryName"], asked["imageIds"][0])
        digest = reference.partition("@")[2]
        return {"imageDetails": [{"registryId": ACCOUNT, "imageDigest": digest, "imageTags": [tag]}]}

    def ecr_batch_get_image(self, asked: dict[str, Any]) -> dict[str, Any]:
        _, reference = self._image(asked["repositoryName"], asked["imageIds"][0])
        manifest = {"config": {"digest": f"sha256:{self.cloud.architectures[reference]}"}}
        return {"images": [{"imageManifest": json.dumps(manifest)}]}

    def ecr_get_download_url_for_layer(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"downloadUrl": f"https://layers/{asked['layerDigest'].partition(':')[2]}"}

    def ecr_describe_image_scan_findings(self, asked: dict[str, Any]) -> dict[str, Any]:
        _, reference = self._image(asked["repositoryName"], asked["imageId"])
        found = [{"name": name, "severity": "CRITICAL"} for name in self.cloud.critical.get(reference, [])]
        return {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": {"findings": found}}

    def cloudwatch_describe_alarms(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {
            "MetricAlarms": [
                {"AlarmName": name, "AlarmActions": actions, "StateReason": "Threshold Crossed", "StateValue": state}
                for name, (state, actions) in self.cloud.alarms.items()
                if name in asked["AlarmNames"]
            ]
        }

    def elasticache_modify_replication_group(self, asked: dict[str, Any]) -> dict[str, Any]:
        token = asked["AuthToken"]
        kept = self.cloud.tokens[-1:] if asked["AuthTokenUpdateStrategy"] == "ROTATE" else []
        self.cloud.tokens = list(dict.fromkeys([*kept, token]))
        return {}

    def elasticache_describe_replication_groups(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"ReplicationGroups": [{"ReplicationGroupId": asked["ReplicationGroupId"], "Status": "available"}]}

    def logs_get_log_events(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"events": [{"message": "ValueError: ACCUNODE_MFA_KEY is not set\n"}]}

    def sts_get_caller_identity(self, asked: dict[str, Any]) -> dict[str, Any]:
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/accunode-deployer/anna"
        return {"Account": ACCOUNT, "Arn": arn, "UserId": "AROA"}
