"""Reacting to parked events again, after what made them fail was put right."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from duolog.dispatch.shield import shielded
from duolog.errors import ConfigurationError, DatabaseError, LeaseLostError
from duolog.messages.envelope import RecordedEvent
from duolog.process_managers.page_processor import ReactionPorts, ReactorPageProcessor
from duolog.process_managers.process_manager import Reactor
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.owner import owner_name
from duolog.subscriptions.parked_choice import ParkedChoice, RetriedKey
from duolog.subscriptions.parking import ParkedEvent, ParkReason
from duolog.subscriptions.share import Share
from duolog.subscriptions.source import SubscriptionSource

_LEASE_SECONDS: Final = 30.0
_logger: Final = logging.getLogger("duolog.processes")


class ParkedReactions:
    """Reacts to parked events of reactors and process managers again, all chosen ones of one of them in a transaction.

    Handlers only say what they want, so that those events that can be handled are, and the others stay parked with
    their new errors, with what is behind them. For its time it takes the lease from its owner, who loads anew what is
    parked afterwards.

    Args:
        reactors: their classes.
        ports: what they need.
        source: the log, checkpoints, leases and parked events.
    """

    def __init__(self, reactors: Sequence[type[Reactor]], ports: ReactionPorts, *, source: SubscriptionSource) -> None:
        self._reactors: Mapping[str, type[Reactor]] = {each.name: each for each in reactors}
        self._ports = ports
        self._source = source

    @property
    def names(self) -> Sequence[str]:
        """The names of the reactors and process managers."""
        return sorted(self._reactors)

    async def holding(self, choice: ParkedChoice) -> Sequence[str]:
        """Return the names of the reactors and process managers that have parked what is chosen.

        Raises:
            DatabaseError: the database failed.
        """
        return [name for name in self.names if await self._read(_of(choice, name))]

    async def retry(self, choice: ParkedChoice) -> Sequence[RetriedKey]:
        """React to the chosen parked events again.

        Returns:
            What came of each key, by name and by the position of its first parked event.

        Raises:
            LeaseLostError: somebody else took one over meanwhile; those before are done.
            DatabaseError: the database failed; those before are done.
        """
        return await self._retry_all(choice, skip=False)

    async def skip(self, choice: ParkedChoice, *, by: str) -> Sequence[RetriedKey]:
        """Never react to the first parked event of a key, and react to those that wait behind it.

        Args:
            choice: the key, and the name if several have parked it.
            by: who does it; it is written to the log file.

        Returns:
            What came of the key; nothing if nothing of it is parked.

        Raises:
            ConfigurationError: no key is chosen, or events of several tenants or processes.
            LeaseLostError: somebody else took it over meanwhile; nothing was changed.
            DatabaseError: the database failed; nothing was changed.
        """
        names = [name for name in self.names if choice.subscription in (None, name)]
        parked = [each for name in names for each in await self._read(_of(choice, name))]
        if choice.key is None or len({(each.subscription, each.tenant) for each in parked}) > 1:
            message = "it is not clear whose event is to be skipped"
            raise ConfigurationError(message, hint="Name the key, the process and the tenant.")
        skipped = await self._retry_all(choice, skip=True)
        for each in skipped:
            where = (each.subscription, each.skipped, each.tenant, each.key, by)
            _logger.warning("%s: event %s of tenant %r, key %r was skipped by %s", *where)
        return skipped

    async def _retry_all(self, choice: ParkedChoice, *, skip: bool) -> Sequence[RetriedKey]:
        retried: list[RetriedKey] = []
        for name in self.names:
            # Looked at first, so that nobody is disturbed where nothing is parked.
            if choice.subscription in (None, name) and await self._read(_of(choice, name)):
                retried += await self._retry(name, _of(choice, name), skip=skip)
        return retried

    async def _retry(self, name: str, choice: ParkedChoice, *, skip: bool) -> Sequence[RetriedKey]:
        share = Share(name)
        lease = await self._source.leases.acquire(share, owner_name(), seconds=_LEASE_SECONDS, take_over=True)
        checkpoint = await self._source.checkpoints.read_share(share)
        if lease is None or checkpoint is None:
            message = f"somebody else took {name} over while its parked events were retried"
            raise LeaseLostError(message, hint="Retry again; what was handled is done.")
        try:
            # Read only now: under this lease no former owner parks anything any more.
            chosen = await self._read(choice)
            positions = {each.position for each in chosen}
            every = await self._read(ParkedChoice(name))
            waiting = {(each.tenant, each.key) for each in every if each.position not in positions}
            skipped = chosen[: int(skip)]
            events = [await self._recorded(each) for each in chosen[len(skipped) :]]
            move = CheckpointMove(share, checkpoint.version, lease.token, checkpoint.position, checkpoint.position)
            processor = ReactorPageProcessor(self._reactors[name], self._ports)
            left = await processor.react_again(
                events, move, waiting=waiting, skipped=[each.position for each in skipped]
            )
        finally:
            await shielded(self._source.leases.release(lease))
        return _outcomes(chosen, left, skipped)

    async def _recorded(self, parked: ParkedEvent) -> RecordedEvent:
        page = await self._source.store.read_all(after=parked.position - 1, limit=1)
        if not page.events or page.events[0].position != parked.position:
            message = f"the log has no event at position {parked.position}"
            raise DatabaseError(message, hint="The log is not the one in which it was parked.")
        return page.events[0]

    async def _read(self, choice: ParkedChoice) -> Sequence[ParkedEvent]:
        read = self._source.parking.read
        return await read(choice.subscription, tenant=choice.tenant, key=choice.key, limit=None)


def _of(choice: ParkedChoice, name: str) -> ParkedChoice:
    return replace(choice, subscription=name)


def _outcomes(
    chosen: Sequence[ParkedEvent], left: Sequence[ParkedEvent], skipped: Sequence[ParkedEvent]
) -> Sequence[RetriedKey]:
    still = {each.position: each for each in left}
    by_key: dict[tuple[str, str], list[ParkedEvent]] = {}
    for event in chosen:
        by_key.setdefault((event.tenant, event.key), []).append(event)
    outcomes: list[RetriedKey] = []
    for (tenant, key), events in by_key.items():
        first = next((still[each.position] for each in events if each.position in still), None)
        parked = sum(each.position in still for each in events)
        passed = next((each.position for each in events if each in skipped), None)
        outcome = RetriedKey(
            events[0].subscription, tenant, key, len(events) - parked - (passed is not None), parked, skipped=passed
        )
        if first is not None:
            behind = first.reason is ParkReason.BEHIND_PARKED
            error = f"it is behind what is parked of {first.key}" if behind else first.error
            outcome = replace(outcome, position=first.position, error=error)
        outcomes.append(outcome)
    return outcomes
