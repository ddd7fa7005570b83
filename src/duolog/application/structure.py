"""Taking an application apart, for checks and maps."""

from typing import cast

from duolog.admin.structure import ApplicationStructure
from duolog.application.application import Application
from duolog.container.graph import needs_of


def structure_of(application: Application) -> ApplicationStructure:
    """Tell what an application is made of; it need not be started, and nothing of it is built."""
    bindings = tuple(application.bindings.values())
    handlers = dict.fromkeys(cast("type", binding.handler) for binding in bindings)
    return ApplicationStructure(
        application.name,
        bindings,
        application.projections,
        application.materialized_views,
        application.codec.types,
        {handler: needs_of(application.container, handler) for handler in handlers},
        application.processes,
    )
