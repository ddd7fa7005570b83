"""Every contract that ships is listed, so that no backend leaves one out."""

from duolog.testing import contracts
from tests.contract import suites

# What keys of a server keep, which is no database of a log; see test_guarded_keys.py.
ELSEWHERE = {"GuardedKeysContract"}


def test_every_contract_is_listed_once() -> None:
    listed = [getattr(suites, name).__bases__ for name in suites.__all__]
    shipped = [(getattr(contracts, name),) for name in contracts.__all__ if name not in ELSEWHERE]
    assert sorted(listed, key=str) == sorted(shipped, key=str)
