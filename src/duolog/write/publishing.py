"""The transaction manager and the event publisher of a unit of work."""

from string import Formatter

from duolog.errors import PayloadError, UnnamedTypeError
from duolog.eventstore.streams import check_stream
from duolog.messages.event import event_spec
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
        UnnamedTypeError: its class has no ``@event``, or declares no stream.
        PayloadError: the stream's template names a field that the event does not have.
        StreamNameError: the result is not a stream name.
    """
    spec = event_spec(type(event))
    if not spec.stream:
        message = f"{type(event).__name__} is published, but declares no stream"
        raise UnnamedTypeError(message, hint=f'Write @event("{spec.name}", stream="some_category-{{some_field}}").')
    fields = [name for _, name, _, _ in Formatter().parse(spec.stream) if name is not None]
    missing = [name for name in fields if not hasattr(event, name)]
    if missing:
        message = f"the stream of {type(event).__name__} names unknown fields: {', '.join(missing)}"
        raise PayloadError(message)
    return check_stream(spec.stream.format_map({name: getattr(event, name) for name in fields}))
