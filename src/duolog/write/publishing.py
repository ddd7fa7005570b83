"""The transaction manager and the event publisher of a unit of work."""

from string import Formatter

from duolog.errors import UnnamedTypeError
from duolog.eventstore.streams import category_of, check_stream
from duolog.messages.event import EventSpec, event_spec
from duolog.write.aggregate import Aggregate
from duolog.write.unit_of_work import UnitOfWork


class UnitTransactionManager:
    """A `TransactionManager` over one unit of work; taking it obliges the interactor to commit."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        unit.transaction_manager_resolved = True
        self._unit = unit

    async def commit(self) -> None:
        """Seal the unit of work; the scope commits it after ``execute``."""
        await self._unit.seal()

    async def rollback(self) -> None:
        """Drop everything that is staged."""
        await self._unit.rollback()


class UnitEventPublisher:
    """An `EventPublisher` that stages into one unit of work."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def publish(self, event: object) -> None:
        """Stage an event for the stream that its ``@event(stream=...)`` declares."""
        await self._unit.publish(published_stream(event), event)


def published_stream(event: object) -> str:
    """Return the stream that a published event goes to.

    Raises:
        UnnamedTypeError: its class has no ``@event``, declares no stream, or one of an aggregate's category.
        StreamNameError: the result is not a stream name.
    """
    spec = event_spec(type(event))
    if not spec.stream:
        message = f"{type(event).__name__} is published, but declares no stream"
        raise UnnamedTypeError(message, hint=f'Write @event("{spec.name}", stream="some_category-{{some_field}}").')
    check_published_category(spec)
    fields = [name for _, name, _, _ in Formatter().parse(spec.stream) if name is not None]
    return check_stream(spec.stream.format_map({name: getattr(event, name) for name in fields}))


def check_published_category(spec: EventSpec) -> None:
    """Refuse a published event whose stream would be that of an aggregate.

    Raises:
        UnnamedTypeError: its category is an aggregate's.
    """
    category = category_of(spec.stream)
    owner = Aggregate.by_category(category)
    if spec.stream and owner is not None:
        message = (
            f"{spec.cls.__qualname__} is published to category {category!r}, which is that of {owner.__qualname__}"
        )
        hint = f"Publish it to a category of its own, like {category}_notices, or let {owner.__name__} raise it."
        raise UnnamedTypeError(message, hint=hint)
