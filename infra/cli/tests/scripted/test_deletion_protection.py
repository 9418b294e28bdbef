"""What keeps resources from being deleted, where AWS does not let it be lifted."""

from datetime import UTC, datetime

import pytest
from infra.cli.tests.scripted.conftest import Scene

from accunode_infra.deletion_protection import unprotect
from accunode_infra.errors import FailedError
from accunode_infra.stackops.standing import Standing


def test_a_file_that_cannot_be_deleted_is_told(scene: Scene) -> None:
    model = scene.process().model
    bucket = {
        "LogicalResourceId": "Objects",
        "ResourceType": "AWS::S3::Bucket",
        "PhysicalResourceId": "objects",
        "ResourceStatus": "CREATE_COMPLETE",
        "LastUpdatedTimestamp": datetime(2026, 11, 26, tzinfo=UTC),
    }
    model.cloudformation_list_stack_resources = lambda _: {"StackResourceSummaries": [bucket]}
    model.s3_list_object_versions = lambda _: {"Versions": [{"Key": "held.csv", "VersionId": "1"}]}
    error = {"Key": "held.csv", "Code": "AccessDenied", "Message": "The object is locked."}
    model.s3_delete_objects = lambda _: {"Errors": [error]}
    stack = Standing("accunode-production-storage", "accunode-production-storage", "UPDATE_COMPLETE")
    with pytest.raises(FailedError, match=r"held.csv of objects cannot be deleted: The object is locked\."):
        unprotect(scene.session, stack, lambda _: None, empty_buckets=True)
