"""Query parameters that no handler knows are refused: a misspelt filter must not show everything."""

from collections.abc import Iterable

from fastapi import Request

from accunode_common.errors import MOST_FAULTS, FieldError, UnprocessableInputError, with_rest
from accunode_common.http.faults import LONGEST_NAME, did_you_mean


def refuse_unknown_parameters(request: Request, known: frozenset[str]) -> None:
    """Refuse query parameters that are not `known` to the handler.

    Raises:
        UnprocessableInputError: It does not; the error names the nearest that it knows.
    """
    unknown = [name for name in request.query_params if name not in known]
    if not unknown:
        return
    faults = with_rest([_fault(name, known) for name in unknown[:MOST_FAULTS]], len(unknown))
    raise UnprocessableInputError("The query has parameters that this list does not know.", errors=faults)


def _fault(name: str, known: Iterable[str]) -> FieldError:
    message = f"There is no such parameter.{did_you_mean(name, known)}"
    return FieldError(f"/query/{name[:LONGEST_NAME]}", "unknown_parameter", message)
