"""Trying parked events again, of projections and of processes."""

from collections.abc import Sequence
from dataclasses import dataclass

from duolog.errors import ConfigurationError
from duolog.process_managers.parked_retry import ParkedReactions
from duolog.projections.parked_retry import ParkedRetry
from duolog.subscriptions.parked_choice import ParkedChoice, RetriedKey


@dataclass(frozen=True, slots=True)
class ParkedWork:
    """Sends a choice to whom it concerns: by the name, or to all.

    Attributes:
        projections: of the projections.
        reactions: of the reactors and process managers.
    """

    projections: ParkedRetry
    reactions: ParkedReactions

    async def retry(self, choice: ParkedChoice) -> Sequence[RetriedKey]:
        """Try parked events again; see `ParkedRetry.retry` and `ParkedReactions.retry`."""
        if choice.subscription in self.reactions.names:
            return await self.reactions.retry(choice)
        retried = await self.projections.retry(choice)
        return retried if choice.subscription is not None else [*retried, *await self.reactions.retry(choice)]

    async def skip(self, choice: ParkedChoice, *, by: str) -> Sequence[RetriedKey]:
        """Leave a parked event out for good; see `ParkedRetry.skip` and `ParkedReactions.skip`.

        Raises:
            ConfigurationError: no projection or process is named, and both kinds have parked the key.
        """
        is_open = choice.subscription is None and choice.key is not None
        reacting = await self.reactions.holding(choice) if is_open else ()
        if reacting and (showing := await self.projections.holding(choice)):
            message = f"it is not clear whose event is to be skipped: {', '.join((*showing, *reacting))} have parked it"
            raise ConfigurationError(message, hint="Name the projection or process: --subscription NAME.")
        if reacting or choice.subscription in self.reactions.names:
            return await self.reactions.skip(choice, by=by)
        return await self.projections.skip(choice, by=by)
