"""Query parameters that no handler knows are refused: a misspelt filter must not show everything."""

from typing import cast

from fastapi import Request
from fastapi.routing import APIRoute

from accunode_common.errors import FieldError, UnprocessableInputError
from accunode_common.http.faults import did_you_mean
from accunode_common.http.parameters import query_parameters


async def refuse_unknown_parameters(request: Request) -> None:
    """Do nothing if the handler knows every query parameter.

    Raises:
        UnprocessableInputError: It does not; the error names the nearest that it knows.
    """
    if not request.query_params:
        return
    known = query_parameters(cast(APIRoute, request.scope["route"]).dependant)
    faults = []
    for name in request.query_params:
        if name not in known:
            message = f"There is no such parameter.{did_you_mean(name, known)}"
            faults.append(FieldError(f"/query/{name[:100]}", "unknown_parameter", message))
    if faults:
        raise UnprocessableInputError("The query has parameters that this list does not know.", errors=faults)
