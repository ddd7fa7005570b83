"""What a database offers to subscriptions."""

from typing import Protocol

from duolog.eventstore.port import EventStore
from duolog.subscriptions.checkpoints import Checkpoints
from duolog.subscriptions.leases import Leases
from duolog.subscriptions.parking import Parking


class SubscriptionSource(Protocol):
    """The log, and the records of those who follow it; every database is one."""

    @property
    def store(self) -> EventStore:
        """The log."""
        ...

    @property
    def checkpoints(self) -> Checkpoints:
        """How far subscriptions are."""
        ...

    @property
    def leases(self) -> Leases:
        """Who may advance a subscription."""
        ...

    @property
    def parking(self) -> Parking:
        """What subscriptions set aside."""
        ...
