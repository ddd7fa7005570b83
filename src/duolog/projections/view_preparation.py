"""Making a projection's view ready for the owner of a share of it."""

from dataclasses import dataclass

from duolog.errors import LeaseLostError
from duolog.projections.projection import Projection
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
    """Knows which version a projection's view had when this process started.

    Args:
        projection: the projection's class.
        prepare_view: brings its view to its version.
        source: tells which generations there are, and where their shares are.
    """

    def __init__(self, projection: type[Projection], prepare_view: PrepareView, source: SubscriptionSource) -> None:
        self._projection = projection
        self._prepare_view = prepare_view
        self._source = source
        self._found_version = projection.version

    async def create(self) -> None:
        """Create the view if there is none; one of another version is made anew only once its lease is taken.

        Raises:
            StatementError: the DDL of its tables is wrong.
        """
        checkpoints = await self._source.checkpoints.read(self._projection.name)
        if not checkpoints:
            checkpoints = await self._prepare_view(self._projection, None)
        self._found_version = checkpoints[0].version

    async def ready(self, lease: Lease) -> ReadyShare:
        """Bring the view to this version for the owner of a share.

        Raises:
            LeaseLostError: the share is divided anew or dropped, or another release has given the view another version
                since this process started.
        """
        share, own = lease.share, self._projection.version
        there = await self._source.generations.read(share.subscription)
        generation = next((each for each in there if each.number == share.generation), None)
        if generation is None:
            message = f"{share} was dropped"
            raise LeaseLostError(message)
        if generation.version not in {own, self._found_version}:
            # Two releases that run side by side would otherwise drop each other's view again and again.
            message = f"view {share.subscription!r} went to version {generation.version}; this process has {own}"
            raise LeaseLostError(message)
        checkpoint: Checkpoint | None
        if generation.role is Role.LIVE and share.buckets.lo == 0:
            prepared = await self._prepare_view(self._projection, lease.token)
            checkpoint = next((each for each in prepared if each.share == share), None)
            self._found_version = own
        else:
            checkpoint = await self._source.checkpoints.read_share(share)
        if checkpoint is None or checkpoint.version != own:
            message = f"{share} was divided anew"
            raise LeaseLostError(message)
        return ReadyShare(checkpoint.position, generation.role)
