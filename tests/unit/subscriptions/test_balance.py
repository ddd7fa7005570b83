"""Every share is owned once, by counts that differ by one at most, after any history of joining, leaving and dying."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duolog.subscriptions.balance import part_of
from duolog.subscriptions.generations import Role
from duolog.subscriptions.share import Buckets, Share
from duolog.subscriptions.shares import HeldShare


@dataclass
class Cluster:
    """Members that look at one survey in turns; some of them are told to look at an old one."""

    shares: dict[Share, str | None]
    members: set[str] = field(default_factory=set[str])
    moves: int = 0

    @classmethod
    def of(cls, count: int) -> "Cluster":
        return cls({Share("view", 1, buckets): None for buckets in Buckets.parts(count)})

    @property
    def survey(self) -> list[HeldShare]:
        return [HeldShare(share, 1, Role.LIVE, 0, owner) for share, owner in self.shares.items()]

    def act(self, owner: str, survey: Sequence[HeldShare]) -> None:
        part = part_of(owner, survey, self.members)
        for share in part.release:
            if self.shares[share] == owner:
                self.shares[share] = None
                self.moves += 1
        got = 0
        for share in part.take:
            if got < part.most and self.shares[share] is None:
                self.shares[share] = owner
                got += 1

    def leave(self, owner: str) -> None:
        """Also a death, seen when its leases and its membership have expired."""
        self.members.discard(owner)
        self.shares = {share: None if each == owner else each for share, each in self.shares.items()}

    def settle(self, order: Sequence[str], rounds: int = 20) -> None:
        for _ in range(rounds):
            stale = self.survey  # members look at the same time, and act one after another
            for owner in order:
                if owner in self.members:
                    self.act(owner, stale)

    def counts(self) -> dict[str, int]:
        held = Counter(self.shares.values())
        return {member: held[member] for member in self.members}


names = st.sampled_from([f"host/{number}" for number in range(8)])
steps = st.lists(st.tuples(st.sampled_from(["join", "leave", "act", "act", "act"]), names), max_size=40)


@given(count=st.integers(1, 40), history=steps, order=st.permutations([f"host/{number}" for number in range(8)]))
@settings(max_examples=400, deadline=None)
def test_any_history_ends_in_balance(count: int, history: Sequence[tuple[str, str]], order: Sequence[str]) -> None:
    cluster = Cluster.of(count)
    old = cluster.survey
    for what, owner in history:
        match what:
            case "join":
                cluster.members.add(owner)
            case "leave":
                cluster.leave(owner)
            case _:
                if owner in cluster.members:
                    cluster.act(owner, old)
        old = cluster.survey if what != "act" else old
    cluster.members.add("host/0")
    cluster.settle(order)
    counts = cluster.counts()
    assert sum(counts.values()) == count
    assert max(counts.values()) - min(counts.values()) <= 1
    moves = cluster.moves
    cluster.settle(order, rounds=3)
    assert cluster.moves == moves, "what is balanced is left alone"


@pytest.mark.parametrize(("count", "members"), [(1, 3), (4, 2), (7, 3), (16, 16), (256, 5)])
def test_who_joins_gets_its_part_and_nothing_more_is_moved(count: int, members: int) -> None:
    cluster = Cluster.of(count)
    order = [f"host/{number}" for number in range(members + 1)]
    cluster.members = set(order[:-1])
    cluster.settle(order)
    before = dict(cluster.shares)
    cluster.members.add(order[-1])
    cluster.settle(order)
    moved = sum(before[share] != owner for share, owner in cluster.shares.items())
    assert moved == cluster.counts()[order[-1]] <= -(-count // (members + 1))


def test_a_single_share_stays_where_it_is_when_others_join() -> None:
    cluster = Cluster.of(1)
    cluster.members = {"host/0"}
    cluster.settle(["host/0"])
    cluster.members = {f"host/{number}" for number in range(8)}
    cluster.settle(sorted(cluster.members))
    assert set(cluster.shares.values()) == {"host/0"}


def test_who_is_no_member_but_holds_a_share_is_not_counted() -> None:
    """An operator that has a lease for a while keeps it; the others divide the rest."""
    cluster = Cluster.of(4)
    cluster.members = {"host/1", "host/2"}
    first = next(iter(cluster.shares))
    cluster.shares[first] = "operator"
    cluster.settle(["host/1", "host/2"])
    assert sorted(cluster.counts().values()) == [1, 2]
    assert cluster.shares[first] == "operator"
