"""Settings with a few values changed, for tests."""

from typing import Any, TypeVar

from accunode_common.environment import ProcessSettings, value_name

AnySettings = TypeVar("AnySettings", bound=ProcessSettings)


def changed(settings: AnySettings, **values: Any) -> AnySettings:
    """The same settings with other `values`, taken as they are, under the names of their variables: `database_url`."""
    concerns = {}
    for name, kind in settings.concerns().items():
        names = {field: value_name(variable) for field, variable in kind.variables().items()}
        given = {field: values[value] for field, value in names.items() if value in values}
        concerns[name] = getattr(settings, name).model_copy(update=given)
    return settings.model_copy(update=concerns)
