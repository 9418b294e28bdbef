"""What a handler and its dependencies read from the query."""

from fastapi.dependencies.models import Dependant


def query_parameters(dependant: Dependant) -> frozenset[str]:
    """The names that a handler, or what it depends on, reads from the query."""
    names: set[str] = set()
    for parameter in dependant.query_params:
        fields = getattr(parameter.field_info.annotation, "model_fields", None)
        if fields is None:
            names.add(parameter.alias)
        else:
            names.update(field.alias or name for name, field in fields.items())
    for inner in dependant.dependencies:
        names |= query_parameters(inner)
    return frozenset(names)
