"""Puts the application's dishka container together."""

from collections.abc import Sequence
from typing import Any

from dishka import AsyncContainer, Provider, Scope, make_async_container
from dishka.exception_base import DishkaError

from duolog.container.providers import DuologProvider
from duolog.errors import ConfigurationError
from duolog.messages.binding import Binding
from duolog.projections.projection import Projection


def make_container(
    duolog: DuologProvider,
    bindings: Sequence[Binding[Any, Any]],
    projections: Sequence[type[Projection]],
    providers: Sequence[Provider],
) -> AsyncContainer:
    """Make the container: duolog's provider, then handlers and projections, then the application's own, which win.

    Raises:
        ConfigurationError: something that a handler or a provider needs is not provided.
    """
    try:
        classes = Provider(scope=Scope.REQUEST)
        for binding in bindings:
            classes.provide(binding.handler)
        for projection in projections:
            classes.provide(projection)
        return make_async_container(duolog, classes, *providers)
    except (DishkaError, NameError, TypeError) as error:
        message = f"the container cannot be built: {error}"
        hint = (
            "Annotate every parameter of the constructors that it names, and provide what is missing in one of "
            "Application(providers=[...]), a dishka Provider."
        )
        raise ConfigurationError(message, hint=hint) from error
