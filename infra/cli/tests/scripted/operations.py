"""The calls of the rarer work: snapshots and restored instances, alarms that are fired, metrics."""

from datetime import datetime, timedelta
from typing import Any

from infra.cli.tests.scripted.api import Api
from infra.cli.tests.scripted.cloud import REGISTRY
from infra.cli.tests.scripted.wire import AwsError

BOOT = timedelta(minutes=9)


class Operations(Api):
    """All calls that the model knows."""

    def rds_describe_db_snapshots(self, asked: dict[str, Any]) -> dict[str, Any]:
        named = asked.get("DBSnapshotIdentifier")
        return {
            "DBSnapshots": [
                {
                    "DBSnapshotIdentifier": name,
                    "SnapshotCreateTime": taken,
                    "AllocatedStorage": 20,
                    "SnapshotType": "automated" if name.startswith("rds:") else "manual",
                    "Status": "available",
                }
                for name, taken in self.cloud.snapshots.items()
                if named in {None, name}
            ]
        }

    def rds_create_db_snapshot(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.cloud.snapshots[asked["DBSnapshotIdentifier"]] = self.cloud.clock.now()
        return {}

    def rds_describe_db_instances(self, asked: dict[str, Any]) -> dict[str, Any]:
        database = self.cloud.exports["DatabaseInstance"]
        created: dict[str, datetime] = {database: self.cloud.clock.now() - BOOT, **self.cloud.instances}
        named = asked.get("DBInstanceIdentifier")
        if named is not None and named not in created:
            raise AwsError("DBInstanceNotFound")
        return {"DBInstances": [self._instance(name, at) for name, at in created.items() if named in {None, name}]}

    def _instance(self, name: str, created: datetime) -> dict[str, Any]:
        return {
            "DBInstanceIdentifier": name,
            "DBInstanceStatus": "available" if self.cloud.clock.now() >= created + BOOT else "creating",
            "DBInstanceClass": "db.t3.micro",
            "AllocatedStorage": 20,
            "LatestRestorableTime": self.cloud.clock.now() - timedelta(minutes=5),
            "DBSubnetGroup": {"DBSubnetGroupName": "data"},
            "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}],
            "DBParameterGroups": [{"DBParameterGroupName": "accunode"}],
            "Endpoint": {"Address": f"{name}.internal", "Port": 5432},
        }

    def rds_restore_db_instance_from_db_snapshot(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["PubliclyAccessible"] or asked["DBSnapshotIdentifier"] not in self.cloud.snapshots:
            raise AwsError("InvalidParameterValue")
        self.cloud.instances[asked["DBInstanceIdentifier"]] = self.cloud.clock.now()
        return {}

    def rds_restore_db_instance_to_point_in_time(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["PubliclyAccessible"] or asked["RestoreTime"] > self.cloud.clock.now():
            raise AwsError("InvalidParameterValue")
        self.cloud.instances[asked["TargetDBInstanceIdentifier"]] = self.cloud.clock.now()
        return {}

    def rds_delete_db_instance(self, asked: dict[str, Any]) -> dict[str, Any]:
        if self.cloud.instances.pop(asked["DBInstanceIdentifier"], None) is None:
            raise AwsError("DBInstanceNotFound")
        return {}

    def rds_modify_db_instance(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["DBInstanceIdentifier"] == self.cloud.exports["DatabaseInstance"]:
            self.cloud.master_password = asked["MasterUserPassword"]
        return {}

    def cloudformation_describe_stacks(self, asked: dict[str, Any]) -> dict[str, Any]:
        names = [asked["StackName"]] if "StackName" in asked else list(self.cloud.stacks)
        each = [super(Operations, self).cloudformation_describe_stacks({"StackName": name}) for name in names]
        return {"Stacks": [stack | {"StackId": stack["StackName"]} for found in each for stack in found["Stacks"]]}

    def ecr_describe_images(self, asked: dict[str, Any]) -> dict[str, Any]:
        if "imageIds" in asked:
            return super().ecr_describe_images(asked)
        begin = f"{REGISTRY}/{asked['repositoryName']}@"
        return {
            "imageDetails": [
                {
                    "imageDigest": reference.partition("@")[2],
                    "imageTags": [tag],
                    "imagePushedAt": self.cloud.clock.now() + timedelta(seconds=number),
                }
                for number, (tag, reference) in enumerate(self.cloud.tags.items())
                if reference.startswith(begin)
            ]
        }

    def ecr_batch_delete_image(self, asked: dict[str, Any]) -> dict[str, Any]:
        tag, _ = self._image(asked["repositoryName"], asked["imageIds"][0])
        del self.cloud.tags[tag]
        return {"failures": []}

    def cloudformation_list_imports(self, asked: dict[str, Any]) -> dict[str, Any]:
        if not self.cloud.importers:
            raise AwsError("ValidationError", f"Export '{asked['ExportName']}' is not imported by any stack.")
        return {"Imports": self.cloud.importers}

    def cloudwatch_describe_alarms(self, asked: dict[str, Any]) -> dict[str, Any]:
        if "AlarmNames" in asked:
            return super().cloudwatch_describe_alarms(asked)
        return {
            "MetricAlarms": [
                {"AlarmName": name, "StateValue": state, "AlarmActions": actions}
                for name, (state, actions) in self.cloud.alarms.items()
                if name.startswith(asked["AlarmNamePrefix"])
            ]
        }

    def cloudwatch_set_alarm_state(self, asked: dict[str, Any]) -> dict[str, Any]:
        name, state = asked["AlarmName"], asked["StateValue"]
        before, actions = self.cloud.alarms[name]
        self.cloud.alarms[name] = (state, actions)
        if state == "ALARM" and before != "ALARM":
            said = "Failed to execute action" if name in self.cloud.unheard else "Successfully executed action"
            self.cloud.heard += [(name, f"{said} {action}") for action in actions]
        return {}

    def cloudwatch_describe_alarm_history(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {
            "AlarmHistoryItems": [
                {"AlarmName": name, "HistorySummary": said}
                for name, said in self.cloud.heard
                if name == asked["AlarmName"]
            ]
        }

    def cloudwatch_get_metric_statistics(self, asked: dict[str, Any]) -> dict[str, Any]:
        statistic, minutes = asked["Statistics"][0], int((asked["EndTime"] - asked["StartTime"]).total_seconds() // 60)
        return {
            "Datapoints": [
                {"Timestamp": asked["StartTime"] + timedelta(minutes=minute), statistic: self.cloud.measured}
                for minute in range(minutes)
            ]
        }
