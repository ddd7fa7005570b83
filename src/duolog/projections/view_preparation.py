"""Making a projection's view ready for the owner of a share of it."""

from dataclasses import dataclass

from duolog.errors import LeaseLostError
from duolog.projections.materialized_view import ViewClass
from duolog.projections.views import PrepareView
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Role
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.source import SubscriptionSource


@dataclass(frozen=True, slots=True)
class ReadyShare:
    """A share whose view is ready.

    Attributes:
        position: the stored position after which to go on.
        role: role of its generation.
    """

    position: int
    role: Role


class ViewPreparation:
    """Makes sure that what a share's owner works on is there, and of the code's version.

    Args:
        projection: the view's class.
        prepare_view: creates its first generation.
        source: tells which generations there are, and where their shares are.
    """

    def __init__(self, projection: ViewClass, prepare_view: PrepareView, source: SubscriptionSource) -> None:
        self._projection = projection
        self._prepare_view = prepare_view
        self._source = source

    async def create(self) -> None:
        """Create the view if there is none; one of another version is left alone.

        Raises:
            StatementError: the DDL of its tables is wrong.
        """
        if not await self._source.checkpoints.read(self._projection.name):
            await self._prepare_view(self._projection, None)

    async def ready(self, lease: Lease) -> ReadyShare:
        """Return where the owner of a share goes on, and in which role; a live view that lost a table begins anew.

        Raises:
            LeaseLostError: the share is divided anew or dropped, or its generation is of another version.
        """
        share = lease.share
        there = await self._source.generations.read(share.subscription)
        generation = next((each for each in there if each.number == share.generation), None)
        if generation is None or generation.version != self._projection.version:
            message = f"{share} was dropped"
            raise LeaseLostError(message)
        checkpoint: Checkpoint | None
        if generation.role is Role.LIVE:
            prepared = await self._prepare_view(self._projection, lease)
            checkpoint = next((each for each in prepared if each.share == share), None)
        else:
            checkpoint = await self._source.checkpoints.read_share(share)
        if checkpoint is None:
            message = f"{share} was divided anew"
            raise LeaseLostError(message)
        return ReadyShare(checkpoint.position, generation.role)
