"""The handlers of an application, and whether it has every projection that its queries read."""

from collections.abc import Sequence
from typing import Any

from duolog.container.deadline_interactor import ReachDeadlineInteractor
from duolog.dispatch.registry import HandlerRegistry
from duolog.errors import ConfigurationError
from duolog.messages.binding import Binding
from duolog.process_managers.process_manager import Reactor
from duolog.process_managers.work import ReachDeadlineCommand
from duolog.projections.projection import Projection


def make_registry(handlers: Sequence[Binding[Any, Any]], processes: Sequence[type[Reactor]]) -> HandlerRegistry:
    """Register the application's handlers and, where there are processes, the one of deadlines.

    Raises:
        ConfigurationError: a message has two handlers, or one that does not fit it.
    """
    deadlines = [ReachDeadlineCommand.handled_by(ReachDeadlineInteractor)] if processes else []
    return HandlerRegistry([*handlers, *deadlines])


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
