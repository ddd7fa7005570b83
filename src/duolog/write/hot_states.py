"""States that this process has at hand: what entities were after they were last loaded or saved."""

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HotState:
    """A state that nobody can change any more.

    It is the fold of its stream's first events, whatever was recorded since: a stream's past does not change.

    Attributes:
        kind: the aggregate's class or the decider whose state it is.
        version: the stream's version that it stands for.
        snapshot_version: version of the stream's latest snapshot that is known.
        frozen: what the entity's ``freeze`` returned.
    """

    kind: object
    version: int
    snapshot_version: int
    frozen: object


class HotStates:
    """A bounded number of states, of which the least recently used one goes first.

    Args:
        entries: at most so many; 0 keeps none.
    """

    __slots__ = ("_entries", "_states")

    def __init__(self, *, entries: int) -> None:
        self._entries = entries
        self._states: OrderedDict[tuple[str, str], HotState] = OrderedDict()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._states)

    @property
    def keeps_any(self) -> bool:
        """Whether it has room at all."""
        return self._entries > 0

    def find(self, kind: object, stream: str, tenant: str) -> HotState | None:
        """Return the state of a stream, or None."""
        state = self._states.get((tenant, stream))
        if state is None or state.kind is not kind:
            return None
        self._states.move_to_end((tenant, stream))
        return state

    def keep(self, state: HotState, stream: str, tenant: str) -> None:
        """Keep a state, unless a later one of the same stream and kind is there."""
        known = self._states.get((tenant, stream))
        if known is not None and known.kind is state.kind and known.version > state.version:
            return
        self._states[tenant, stream] = state
        self._states.move_to_end((tenant, stream))
        while len(self._states) > self._entries:
            self._states.popitem(last=False)

    def drop(self, stream: str, tenant: str) -> None:
        """Forget the state of a stream."""
        self._states.pop((tenant, stream), None)
