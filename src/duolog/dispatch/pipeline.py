"""The pipeline of middleware, built once at start for each binding."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from duolog.dispatch.context import MessageContext
from duolog.errors import ConfigurationError
from duolog.messages.binding import Binding

Call = Callable[[MessageContext], Awaitable[object]]


class Middleware(Protocol):
    """Wraps the handling of every message."""

    @property
    def name(self) -> str:
        """Its name, by which others are placed before or after it."""
        ...

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:
        """Wrap the rest of the pipeline for one binding; called once, at start.

        Args:
            binding: the message type and its handler.
            proceed: the rest of the pipeline; a middleware that has nothing to do returns it as it is.

        Returns:
            What is awaited for each message of the binding's type.
        """
        ...


@dataclass(frozen=True, slots=True)
class Placed:
    """A middleware of the application and where it belongs; made by `before` and `after`.

    Attributes:
        middleware: the middleware.
        anchor: name of the middleware that it is placed by.
        is_before: it stands outside the anchor, and so runs before it.
    """

    middleware: Middleware
    anchor: str
    is_before: bool


def before(anchor: str, middleware: Middleware) -> Placed:
    """Place a middleware right outside the one named ``anchor``."""
    return Placed(middleware, anchor, is_before=True)


def after(anchor: str, middleware: Middleware) -> Placed:
    """Place a middleware right inside the one named ``anchor``."""
    return Placed(middleware, anchor, is_before=False)


def arrange(defaults: Sequence[Middleware], placed: Sequence[Placed]) -> tuple[Middleware, ...]:
    """Put the application's middleware among the default ones.

    Args:
        defaults: outermost first.
        placed: in the order given; several at one place keep their order.

    Raises:
        ConfigurationError: an anchor is unknown, or two middleware share a name.
    """
    order = list(defaults)
    last_after: dict[str, str] = {}
    for place in placed:
        names = [middleware.name for middleware in order]
        if place.anchor not in names:
            message = f"there is no middleware named {place.anchor!r}"
            raise ConfigurationError(message, hint=f"There are: {', '.join(names)}.")
        if place.middleware.name in names:
            message = f"two middleware are named {place.middleware.name!r}"
            raise ConfigurationError(message, hint="Give each a name of its own.")
        if place.is_before:
            index = names.index(place.anchor)
        else:
            index = names.index(last_after.get(place.anchor, place.anchor)) + 1
            last_after[place.anchor] = place.middleware.name
        order.insert(index, place.middleware)
    return tuple(order)


def build_pipeline(binding: Binding[Any, Any], middleware: Sequence[Middleware], invoke: Call) -> Call:
    """Wrap ``invoke`` in ``middleware``, outermost first."""
    call = invoke
    for layer in reversed(middleware):
        call = layer.build(binding, call)
    return call
