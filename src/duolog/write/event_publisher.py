"""The port by which an interactor publishes events that no entity raised."""

from typing import Protocol


class EventPublisher(Protocol):
    """Stages events in the current unit of work; they are recorded at its commit and delivered after it."""

    async def publish(self, event: object) -> None:
        """Stage an event for the stream that its ``@event(stream=...)`` declares; also allowed after ``commit()``.

        Args:
            event: an instance of a class with ``@event(..., stream="category-{field}")``.

        Raises:
            UnnamedTypeError: the class has no ``@event`` or declares no stream.
            PayloadError: the event cannot be stored.
        """
        ...
