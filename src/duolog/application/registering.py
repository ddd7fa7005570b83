"""The handlers of an application."""

from collections.abc import Sequence
from typing import Any

from duolog.container.deadline_interactor import ReachDeadlineInteractor
from duolog.dispatch.registry import HandlerRegistry
from duolog.messages.binding import Binding
from duolog.process_managers.process_manager import Reactor
from duolog.process_managers.work import ReachDeadlineCommand


def make_registry(handlers: Sequence[Binding[Any, Any]], processes: Sequence[type[Reactor]]) -> HandlerRegistry:
    """Register the application's handlers and, where there are processes, the one of deadlines.

    Raises:
        ConfigurationError: a message has two handlers, or one that does not fit it.
    """
    deadlines = [ReachDeadlineCommand.handled_by(ReachDeadlineInteractor)] if processes else []
    return HandlerRegistry([*handlers, *deadlines])
