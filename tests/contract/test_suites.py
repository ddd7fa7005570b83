"""Every contract that ships is listed, so that no backend leaves one out."""

from duolog.testing import contracts
from tests.contract import suites

# Of what is no database: each has a test file of its own.
ELSEWHERE = {"CacheLevelContract", "GuardedKeysContract"}


def test_every_contract_is_listed_once() -> None:
    listed = [getattr(suites, name).__bases__ for name in suites.__all__]
    of_databases = [(getattr(contracts, name),) for name in contracts.__all__ if name not in ELSEWHERE]
    assert sorted(listed, key=str) == sorted(of_databases, key=str)
