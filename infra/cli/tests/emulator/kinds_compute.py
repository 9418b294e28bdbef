"""Types that compute: fleets, tasks, functions, and how they scale."""

import io
import zipfile
from typing import Any

from infra.cli.tests.emulator.kinds import Made, Place, Properties, call, kind, simple


@kind("AWS::EC2::LaunchTemplate", replaces="LaunchTemplateName")
class LaunchTemplate:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        given = {"LaunchTemplateName": place.generated(), **properties}
        made = call(place, "ec2", "create_launch_template", given)["LaunchTemplate"]
        attributes = {"LatestVersionNumber": "1", "DefaultVersionNumber": "1"}
        return Made(made["LaunchTemplateId"], attributes, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        if properties["LaunchTemplateData"] == made.properties["LaunchTemplateData"]:
            return
        given = {**properties, "LaunchTemplateId": made.id}
        given.pop("LaunchTemplateName", None)
        version = call(place, "ec2", "create_launch_template_version", given)["LaunchTemplateVersion"]
        made.attributes["LatestVersionNumber"] = str(version["VersionNumber"])

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("ec2").delete_launch_template(LaunchTemplateId=made.id)


@kind("AWS::AutoScaling::AutoScalingGroup", replaces="AutoScalingGroupName")
class Group:
    @staticmethod
    def _given(place: Place, name: str, properties: Properties) -> Properties:
        given = {**properties, "AutoScalingGroupName": name}
        if "VPCZoneIdentifier" in given:
            given["VPCZoneIdentifier"] = ",".join(given["VPCZoneIdentifier"])
        # CloudFormation says of each tag whether instances get it; the call wants the group's name beside it.
        given["Tags"] = [
            {**tag, "ResourceId": name, "ResourceType": "auto-scaling-group"} for tag in properties.get("Tags", [])
        ]
        given.pop("MetricsCollection", None)
        return given

    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        name = properties.get("AutoScalingGroupName", place.generated())
        call(place, "autoscaling", "create_auto_scaling_group", Group._given(place, name, properties))
        found = place.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        arn = found["AutoScalingGroups"][0]["AutoScalingGroupARN"]
        return Made(name, {"AutoScalingGroupARN": arn}, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        given = Group._given(place, made.id, properties)
        given.pop("Tags")
        call(place, "autoscaling", "update_auto_scaling_group", given)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        client = place.client("autoscaling")
        group = client.describe_auto_scaling_groups(AutoScalingGroupNames=[made.id])["AutoScalingGroups"][0]
        if any(instance.get("ProtectedFromScaleIn") for instance in group["Instances"]):
            raise LookupError(f"You cannot delete {made.id} while instances are protected from scale-in")
        client.delete_auto_scaling_group(AutoScalingGroupName=made.id, ForceDelete=True)


@kind("AWS::AutoScaling::ScheduledAction", replaces="AutoScalingGroupName")
class ScheduledAction:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        given = {**properties, "ScheduledActionName": place.name}
        call(place, "autoscaling", "put_scheduled_update_group_action", given)
        return Made(place.name, {}, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        ScheduledAction.create(place, properties)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("autoscaling").delete_scheduled_action(
            AutoScalingGroupName=made.properties["AutoScalingGroupName"], ScheduledActionName=made.id
        )


@kind("AWS::AutoScaling::LifecycleHook", replaces="*")
class LifecycleHook:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        given = {"LifecycleHookName": place.generated(), **properties}
        call(place, "autoscaling", "put_lifecycle_hook", given)
        return Made(given["LifecycleHookName"], {}, properties)


@kind("AWS::AutoScaling::ScalingPolicy", replaces="AutoScalingGroupName")
class GroupPolicy:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        given = {"PolicyName": place.generated(), **properties}
        arn = call(place, "autoscaling", "put_scaling_policy", given)["PolicyARN"]
        return Made(arn, {"Arn": arn, "PolicyName": given["PolicyName"]}, properties)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("autoscaling").delete_policy(PolicyName=made.id)


@kind("AWS::ECS::Cluster", replaces="ClusterName")
class Cluster:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        made = call(place, "ecs", "create_cluster", {"ClusterName": place.generated(), **properties})["cluster"]
        return Made(made["clusterName"], {"Arn": made["clusterArn"]}, properties)

    update = staticmethod(lambda *_: None)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("ecs").delete_cluster(cluster=made.id)


@kind("AWS::ECS::CapacityProvider", replaces="Name")
class CapacityProvider:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        given = {"Name": place.generated(), **properties}
        arn = given["AutoScalingGroupProvider"]["AutoScalingGroupArn"]
        if not str(arn).startswith("arn:"):
            groups = place.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[arn])
            arn = groups["AutoScalingGroups"][0]["AutoScalingGroupARN"]
        given["AutoScalingGroupProvider"] = {**given["AutoScalingGroupProvider"], "AutoScalingGroupArn": arn}
        made = call(place, "ecs", "create_capacity_provider", given)["capacityProvider"]
        return Made(made["name"], {}, properties)

    update = staticmethod(lambda *_: None)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("ecs").delete_capacity_provider(capacityProvider=made.id)


@kind("AWS::ECS::ClusterCapacityProviderAssociations", replaces="Cluster")
class Associations:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        call(place, "ecs", "put_cluster_capacity_providers", properties)
        return Made(properties["Cluster"], {}, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        Associations.create(place, properties)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        call(place, "ecs", "put_cluster_capacity_providers",
             {"Cluster": made.id, "CapacityProviders": [], "DefaultCapacityProviderStrategy": []})  # fmt: skip


@kind("AWS::ECS::TaskDefinition", replaces="*")
class TaskDefinition:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        given = {"Family": place.generated(), **properties}
        arn = call(place, "ecs", "register_task_definition", given)["taskDefinition"]["taskDefinitionArn"]
        return Made(arn, {"TaskDefinitionArn": arn}, properties)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("ecs").deregister_task_definition(taskDefinition=made.id)


@kind("AWS::ECS::Service", replaces="ServiceName Cluster LaunchType LoadBalancers")
class Service:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        given = {"ServiceName": place.generated(255), "DesiredCount": 1, **properties}
        made = call(place, "ecs", "create_service", given)["service"]
        return Made(made["serviceArn"], {"Name": made["serviceName"], "ServiceArn": made["serviceArn"]}, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        given: dict[str, Any] = {**properties, "Service": made.id}
        call(place, "ecs", "update_service", given)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        cluster = made.properties["Cluster"]
        place.client("ecs").delete_service(cluster=cluster, service=made.id, force=True)


@kind("AWS::ApplicationAutoScaling::ScalableTarget", replaces="ResourceId ScalableDimension ServiceNamespace")
class ScalableTarget:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        call(place, "application-autoscaling", "register_scalable_target", properties)
        id_ = "|".join(str(properties[key]) for key in ("ResourceId", "ScalableDimension", "ServiceNamespace"))
        return Made(id_, {"Id": id_}, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        ScalableTarget.create(place, properties)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        call(place, "application-autoscaling", "deregister_scalable_target", made.properties)


@kind("AWS::ApplicationAutoScaling::ScalingPolicy", replaces="PolicyName ScalingTargetId")
class ScalingPolicy:
    @staticmethod
    def _given(properties: Properties) -> Properties:
        given = dict(properties)
        if "ScalingTargetId" in given:
            names = ("ResourceId", "ScalableDimension", "ServiceNamespace")
            given |= dict(zip(names, given.pop("ScalingTargetId").split("|"), strict=True))
        return given

    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        given = ScalingPolicy._given(properties)
        arn = call(place, "application-autoscaling", "put_scaling_policy", given)["PolicyARN"]
        return Made(arn, {"Arn": arn}, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        ScalingPolicy.create(place, properties)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        call(place, "application-autoscaling", "delete_scaling_policy", ScalingPolicy._given(made.properties))


@kind("AWS::Lambda::Function", replaces="FunctionName")
class Function:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("index.py", properties["Code"].get("ZipFile", ""))
        given = {"FunctionName": place.generated(64), **properties}
        given = {key: value for key, value in given.items() if key not in {"Code", "Tags"}}
        made = place.client("lambda").create_function(
            **{key: value for key, value in given.items() if key in {"FunctionName", "Runtime", "Role", "Handler"}},
            Code={"ZipFile": packed.getvalue()},
            Timeout=int(properties.get("Timeout", 3)),
        )
        return Made(made["FunctionName"], {"Arn": made["FunctionArn"]}, properties)

    update = staticmethod(lambda *_: None)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("lambda").delete_function(FunctionName=made.id)


@kind("AWS::Lambda::Permission", replaces="*")
class Permission:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        call(place, "lambda", "add_permission", {**properties, "StatementId": place.name})
        return Made(place.name, {}, properties)


simple("AWS::Scheduler::Schedule", "scheduler", "create_schedule", "=Name", name="Name", longest=64,
       attributes={"Arn": "ScheduleArn"}, update="update_schedule", delete="delete_schedule", key="Name")  # fmt: skip
