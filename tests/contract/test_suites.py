"""Every contract that ships is listed, so that no backend leaves one out."""

from duolog.testing import contracts
from tests.contract import suites


def test_every_contract_is_listed_once() -> None:
    listed = [getattr(suites, name).__bases__ for name in suites.__all__]
    assert sorted(listed, key=str) == sorted(((getattr(contracts, name),) for name in contracts.__all__), key=str)
