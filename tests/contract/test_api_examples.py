"""Every body that a client sends or gets is shown by an example that the services would take or give."""

from collections.abc import Iterator
from typing import Any

from fastapi._compat import ModelField
from fastapi.routing import APIRoute, iter_route_contexts
from tests.applications import Application

from accunode_bulk_upload.uploads.schemas import UploadFields
from accunode_predictions.outcomes.csv_file import read_outcomes

JSON = "application/json"


def operations(applications: list[Application]) -> Iterator[tuple[str, APIRoute, dict[str, Any]]]:
    """Every operation's name, its route and what the document says of it."""
    for application in applications:
        for context in iter_route_contexts(application.app.routes):
            route = context.original_route
            if isinstance(route, APIRoute) and context.include_in_schema:
                for method in context.methods or ():
                    described = application.document["paths"][context.path_format][method.lower()]
                    yield f"{method} {context.path_format}", route, described


def replies(route: APIRoute, described: dict[str, Any]) -> Iterator[tuple[ModelField | None, dict[str, Any]]]:
    """What a route answers with on success, and how the document shows it."""
    for status, reply in described["responses"].items():
        if status.startswith("2") and JSON in reply.get("content", {}):
            usual = status == str(route.status_code or 200)
            yield route.response_field if usual else route.response_fields.get(int(status)), reply["content"][JSON]


def faults(field: ModelField | None, example: Any) -> list[dict[str, Any]]:
    """What the model says against the example."""
    assert field is not None
    return field.validate(example, {}, loc=())[1]


def test_every_body_has_an_example(applications: list[Application]) -> None:
    without = set()
    for name, route, described in operations(applications):
        for kind, media in described.get("requestBody", {}).get("content", {}).items():
            if "example" not in media:
                without.add(f"{name} takes {kind}")
        without |= {f"{name} gives JSON" for _, media in replies(route, described) if "example" not in media}
    assert without == set()


def test_the_example_of_a_request_is_one_that_its_model_takes(applications: list[Application]) -> None:
    refused = {}
    for name, route, described in operations(applications):
        media = described.get("requestBody", {}).get("content", {}).get(JSON, {})
        if "example" in media and (found := faults(route.body_field, media["example"])):
            refused[name] = found
    assert refused == {}


def test_the_example_of_a_reply_is_one_that_its_model_gives(applications: list[Application]) -> None:
    refused = {}
    for name, route, described in operations(applications):
        for field, media in replies(route, described):
            if "example" in media and (found := faults(field, media["example"])):
                refused[name] = found
    assert refused == {}


def test_the_example_of_an_upload_says_what_the_service_reads(applications: list[Application]) -> None:
    fields = dict(request(applications, "POST /api/v1/bulk-uploads", "multipart/form-data"))
    assert fields.pop("file").startswith("company_name,")
    UploadFields.model_validate(fields)


def test_the_example_of_a_file_of_outcomes_is_one_that_can_be_read(applications: list[Application]) -> None:
    file = request(applications, "POST /api/v1/companies/outcomes/csv", "text/csv")
    assert [item.symbol for item in read_outcomes(file.encode())] == ["NWEC"]


def request(applications: list[Application], name: str, kind: str) -> Any:
    """The example of the body that an operation takes."""
    described = next(described for each, _, described in operations(applications) if each == name)
    return described["requestBody"]["content"][kind]["example"]
