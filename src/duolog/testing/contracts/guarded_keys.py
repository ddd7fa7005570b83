"""The contract of `GuardedKeys`: a key is only ever written by later events."""

import asyncio
from typing import Protocol

import pytest

from duolog.errors import ForeignViewError
from duolog.projections.guarded_keys import GuardedKeys, KeyWrite


class MakeKeys(Protocol):
    """Makes an instance over the test's keys, which all instances of one test share."""

    def __call__(self, *, log_id: str = "log", tombstone_seconds: float = 60.0) -> GuardedKeys:
        """Make one for a batch."""
        ...


class GuardedKeysContract:
    """Every adapter keeps guarded keys in this way. Supply a ``make_keys`` fixture: a `MakeKeys` over no keys."""

    @pytest.fixture
    def keys(self, make_keys: MakeKeys) -> GuardedKeys:
        """One batch's keys."""
        return make_keys()

    async def test_what_is_put_can_be_read(self, keys: GuardedKeys) -> None:
        """A value comes back byte for byte; a key that was never written has none."""
        assert await keys.put("a", b"\0\xff one", position=1)
        assert await keys.get("a") == b"\0\xff one"
        assert await keys.put("a", b"", position=2)
        assert await keys.get("a") == b""
        assert await keys.get("b") is None

    async def test_an_earlier_event_changes_nothing(self, make_keys: MakeKeys) -> None:
        """A repeated event, and one from before it, take no effect; a later one does."""
        assert await make_keys().put("a", b"ten", position=10)
        assert not await make_keys().put("a", b"again", position=10)
        assert not await make_keys().put("a", b"nine", position=9)
        assert not await make_keys().delete("a", position=9)
        assert await make_keys().get("a") == b"ten"
        assert await make_keys().put("a", b"eleven", position=11)
        assert await make_keys().get("a") == b"eleven"

    async def test_great_positions_are_compared_exactly(self, make_keys: MakeKeys) -> None:
        """Neighbours above 2**53, where floating point has gaps, are told apart."""
        top = 2**63 - 1
        assert await make_keys().put("a", b"before", position=top - 1)
        assert await make_keys().put("a", b"last", position=top)
        assert not await make_keys().put("a", b"before", position=top - 1)
        assert await make_keys().get("a") == b"last"

    async def test_writes_of_one_event_take_effect_in_order(self, make_keys: MakeKeys) -> None:
        """The last of them stays; applied again, none takes effect."""
        writes = [KeyWrite("a", b"1", 5), KeyWrite("b", b"2", 5), KeyWrite("a", b"3", 5), KeyWrite("b", None, 5)]
        assert await make_keys().write(writes) == 4
        assert await make_keys().write(writes) == 0
        keys = make_keys()
        assert (await keys.get("a"), await keys.get("b")) == (b"3", None)
        assert await keys.write([]) == 0

    async def test_what_was_deleted_does_not_come_back(self, make_keys: MakeKeys) -> None:
        """A late event finds the deletion; a later one writes the key again."""
        assert await make_keys().put("a", b"one", position=1)
        assert await make_keys().delete("a", position=3)
        assert not await make_keys().put("a", b"two", position=2)
        assert await make_keys().get("a") is None
        assert await make_keys().put("a", b"four", position=4)
        assert await make_keys().get("a") == b"four"
        assert await make_keys().delete("never", position=5)

    async def test_a_deletion_is_forgotten_in_the_end(self, make_keys: MakeKeys) -> None:
        """Deletions take room for a time only, and a key that was written again is kept."""
        keys = make_keys(tombstone_seconds=0.05)
        for key in ("a", "b"):
            await keys.delete(key, position=3)
        assert await keys.put("b", b"four", position=4)
        async with asyncio.timeout(30):
            while not await make_keys().put("a", b"two", position=2):  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.01)
        assert await keys.get("b") == b"four"

    async def test_another_log_is_refused(self, make_keys: MakeKeys) -> None:
        """Positions of two logs say nothing about each other: the key stays as it is, and the error says whose."""
        await make_keys(log_id="old").put("a", b"old", position=1)
        with pytest.raises(ForeignViewError, match="old") as caught:
            await make_keys(log_id="new").put("a", b"new", position=2)
        assert (caught.value.key, caught.value.found, caught.value.expected) == ("a", "old", "new")
        assert await make_keys(log_id="new").get("a") == b"old"

    async def test_of_two_owners_the_later_event_wins(self, make_keys: MakeKeys) -> None:
        """A former owner that writes on meanwhile is beaten by whoever is ahead, in any interleaving."""
        ahead, behind = make_keys(), make_keys()
        owners = enumerate([ahead, behind] * 20)
        await asyncio.gather(*(owner.put("a", b"%d" % at, position=at) for at, owner in owners))
        assert await make_keys().get("a") == b"39"
