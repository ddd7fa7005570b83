"""What a database offers to subscriptions."""

from typing import Protocol

from duolog.eventstore.port import EventStore
from duolog.subscriptions.checkpoints import Checkpoints
from duolog.subscriptions.generations import Generations
from duolog.subscriptions.leases import Leases
from duolog.subscriptions.members import Members
from duolog.subscriptions.parking import Parking
from duolog.subscriptions.pauses import Pauses
from duolog.subscriptions.shares import Shares


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
    def generations(self) -> Generations:
        """Which generations there are."""
        ...

    @property
    def shares(self) -> Shares:
        """How they are divided, and who holds what."""
        ...

    @property
    def members(self) -> Members:
        """Who works on subscriptions."""
        ...

    @property
    def pauses(self) -> Pauses:
        """Which subscriptions stand still on purpose."""
        ...

    @property
    def leases(self) -> Leases:
        """Who may advance a share."""
        ...

    @property
    def parking(self) -> Parking:
        """What subscriptions set aside."""
        ...
