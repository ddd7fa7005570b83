"""What projections have set aside."""

from collections.abc import Sequence
from dataclasses import dataclass

from duolog.database.port import Database
from duolog.messages.envelope import RecordedEvent
from duolog.subscriptions.parked_choice import ParkedChoice
from duolog.subscriptions.parking import ParkedEvent


@dataclass(frozen=True, slots=True)
class ParkedDetail:
    """A parked event with what the log holds.

    Attributes:
        parked: who parked it, and why.
        recorded: the event; None if the log does not have it.
    """

    parked: ParkedEvent
    recorded: RecordedEvent | None


async def parked_events(database: Database, choice: ParkedChoice, *, limit: int) -> Sequence[ParkedEvent]:
    """Return parked events by position.

    Args:
        database: an open database; it is only read.
        choice: which ones.
        limit: at most so many.
    """
    return await database.parking.read(choice.subscription, tenant=choice.tenant, key=choice.key, limit=limit)


async def parked_details(database: Database, position: int, subscription: str | None = None) -> Sequence[ParkedDetail]:
    """Return what is parked at one position, with the event; one for each projection that has parked it.

    Args:
        database: an open database; it is only read.
        position: the event's position.
        subscription: one projection; None for all.
    """
    parked = await database.parking.read(subscription, position=position, limit=None)
    page = await database.store.read_all(after=position - 1, limit=1)
    recorded = next((event for event in page.events if event.position == position), None)
    return [ParkedDetail(event, recorded) for event in parked]
