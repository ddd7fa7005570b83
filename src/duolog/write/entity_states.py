"""Loading entities from less than their whole stream: from a hot state or a snapshot; and noting what they became."""

import logging
from collections.abc import Callable
from typing import Any, Final, TypeVar

from duolog.codec.snapshot_codec import decode_state, encode_state
from duolog.codec.snapshot_types import snapshot_spec
from duolog.write.event_sourced import EventSourced
from duolog.write.hot_states import HotState, HotStates
from duolog.write.snapshots import SnapshotStore, StoredSnapshot

# Errors are logged by their class: their texts may hold values of the state.
_log: Final = logging.getLogger("duolog.write")

E = TypeVar("E", bound=EventSourced[Any])


class EntityStates:
    """The states of entities that an application has beside their streams.

    Attributes:
        snapshots: where snapshots are; None if there are none.
        hot: what this process has at hand.
    """

    __slots__ = ("hot", "snapshots")

    def __init__(self, snapshots: SnapshotStore | None = None, *, hot_entries: int = 0) -> None:
        self.snapshots = snapshots
        self.hot = HotStates(entries=hot_entries)


class UnitEntityStates:
    """The states of entities as one unit of work uses them: what it saves counts once it is committed.

    Args:
        states: the application's.
        tenant: whose streams they are.
    """

    __slots__ = ("_hot", "_snapshots", "_states", "_tenant", "_used")

    def __init__(self, states: EntityStates, tenant: str) -> None:
        self._states = states
        self._tenant = tenant
        self._used: set[str] = set()
        self._hot: dict[str, HotState] = {}
        self._snapshots: dict[str, StoredSnapshot] = {}

    @property
    def snapshots(self) -> tuple[StoredSnapshot, ...]:
        """The snapshots that are to be committed with the saved entities."""
        return tuple(self._snapshots.values())

    async def recall(self, entity: E) -> E | None:
        """Bring a new entity to the latest version that is at hand; later events are still to be replayed.

        Args:
            entity: one to which nothing happened yet.

        Returns:
            The entity; None if nothing is at hand or it cannot be used, and then ``entity`` must not be used either.

        Raises:
            DatabaseError: the database failed.
        """
        stream = entity.stream
        self._used.add(stream)
        hot = self._states.hot.find(entity.kind, stream, self._tenant)
        if hot is not None:
            if _restored(entity, hot.version, lambda: entity.thaw(hot.frozen)):
                entity.snapshot_version = hot.snapshot_version
                return entity
            self._states.hot.drop(stream, self._tenant)
            return None
        policy = entity.snapshot_policy
        if self._states.snapshots is None or policy is None:
            return None
        stored = await self._states.snapshots.load(stream, tenant=self._tenant)
        spec = snapshot_spec(policy.state)
        if stored is None or (stored.type, stored.schema_version) != (spec.name, spec.version):
            return None  # there is none yet, or it is another release's
        if not _restored(
            entity, stored.version, lambda: entity.restore_snapshot(decode_state(stored.data, policy.state))
        ):
            return None
        entity.snapshot_version = stored.version
        return entity

    def loaded(self, entity: EventSourced[Any]) -> None:
        """Keep the state of an entity that was loaded, and that nothing was done to yet."""
        hot = self._frozen(entity)
        if hot is not None:
            self._states.hot.keep(hot, entity.stream, self._tenant)

    def saved(self, entity: EventSourced[Any], stream: str) -> None:
        """Take over the state of an entity whose events were staged for ``stream``; it counts from the commit on."""
        self._used.add(stream)
        policy = entity.snapshot_policy
        if (
            self._states.snapshots is not None
            and policy is not None
            and entity.version - entity.snapshot_version >= policy.every
        ):
            taken = _taken(entity, policy.state)
            if taken is not None:
                self._snapshots[stream] = taken
                entity.snapshot_version = entity.version
        hot = self._frozen(entity)
        if hot is not None:
            self._hot[stream] = hot

    def committed(self) -> None:
        """Keep the states of what was saved."""
        for stream, hot in self._hot.items():
            self._states.hot.keep(hot, stream, self._tenant)
        self._forget_saved()

    def conflicted(self) -> None:
        """Forget the states of everything that the unit used, so that its next attempt replays."""
        for stream in self._used:
            self._states.hot.drop(stream, self._tenant)
        self._forget_saved()

    def _forget_saved(self) -> None:
        self._hot.clear()
        self._snapshots.clear()

    def _frozen(self, entity: EventSourced[Any]) -> HotState | None:
        if not self._states.hot.keeps_any:
            return None
        try:
            frozen = entity.freeze()
        except Exception as error:  # noqa: BLE001 - `to_snapshot` is the application's; its mistake fails no command
            _log.warning("%s was not kept at hand: %s", entity.stream, type(error).__name__)
            return None
        return None if frozen is None else HotState(entity.kind, entity.version, entity.snapshot_version, frozen)


def _taken(entity: EventSourced[Any], cls: type) -> StoredSnapshot | None:
    spec = snapshot_spec(cls)
    try:
        state = entity.to_snapshot()
        if not isinstance(state, cls):
            message = f"to_snapshot() returned {type(state).__name__} instead of {cls.__name__}"
            raise TypeError(message)  # noqa: TRY301 - reported like whatever `to_snapshot` raises
        data = encode_state(state)
    except Exception as error:  # noqa: BLE001 - as above: the events are what counts
        _log.warning("no snapshot of %s was taken: %s", entity.stream, type(error).__name__)
        return None
    return StoredSnapshot(entity.stream, entity.version, spec.name, spec.version, data)


def _restored(entity: EventSourced[Any], version: int, restore: Callable[[], None]) -> bool:
    try:
        restore()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the events are there
        _log.warning("%s is replayed: its state cannot be used: %s", entity.stream, type(error).__name__)
        return False
    entity.restore_version(version)
    return True
