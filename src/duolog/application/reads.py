"""Whether an application has every projection that its queries read."""

from collections.abc import Sequence

from duolog.dispatch.registry import HandlerRegistry
from duolog.errors import ConfigurationError
from duolog.projections.projection import Projection


def check_reads(registry: HandlerRegistry, projections: Sequence[type[Projection]]) -> None:
    """Refuse a query that waits for a projection which the application does not have.

    Raises:
        ConfigurationError: ``after=`` would never be satisfied.
    """
    known = {projection.name for projection in projections}
    for binding in registry:
        missing = sorted(model.name for model in binding.reads if model.name not in known)
        if missing:
            message = f"{binding.name} reads {', '.join(missing)}, which is not among the application's projections"
            hint = "Add it to projections=[...]; `start(projections=False)` leaves running it to another process."
            raise ConfigurationError(message, hint=hint)
