"""What a worker says of the shares that it has."""

import json

import pytest

from duolog.cli.work_lines import WorkLines
from duolog.subscriptions.share import Buckets, Share
from duolog.subscriptions.status import RunnerState, ShareStatus, SubscriptionStatus

LOW, HIGH = Buckets.parts(2)


def status(*shares: Share, error: str = "") -> SubscriptionStatus:
    held = [ShareStatus(share, RunnerState.RUNNING, 7, "") for share in shares]
    return SubscriptionStatus("orders_view", 1, "one", RunnerState.RUNNING, 7, error, held)


@pytest.mark.parametrize(
    ("shares", "text", "member"),
    [
        ([Share("orders_view")], "running", ["0..255"]),
        ([Share("orders_view", 2)], "running", ["0..255"]),
        (
            [Share("orders_view", 1, LOW), Share("orders_view", 1, HIGH)],
            "running, partitions 0..127, 128..255",
            ["0..127", "128..255"],
        ),
        (
            [Share("orders_view", 1, HIGH), Share("orders_view", 2, LOW), Share("orders_view", 2, HIGH)],
            "running, generation 1 partitions 128..255; generation 2 partitions 0..127, 128..255",
            ["generation 1: 128..255", "generation 2: 0..127", "generation 2: 128..255"],
        ),
        (
            [Share("orders_view", 1), Share("orders_view", 2)],
            "running, generation 1; generation 2",
            ["generation 1: 0..255", "generation 2: 0..255"],
        ),
    ],
)
def test_the_shares_of_several_generations_are_told_apart(
    capsys: pytest.CaptureFixture[str], shares: list[Share], text: str, member: list[str]
) -> None:
    """Where there is one generation only it needs no name."""
    WorkLines("shop").tell([status(*shares)])
    assert capsys.readouterr().err == f"orders_view  {text}\n"
    WorkLines("shop", as_json=True).tell([status(*shares)])
    assert json.loads(capsys.readouterr().out)["shares"] == member


def test_a_line_is_said_once_until_something_changes(capsys: pytest.CaptureFixture[str]) -> None:
    """Also when only what fails is new."""
    lines = WorkLines("shop")
    for _ in range(2):
        lines.tell([status(Share("orders_view"))])
    lines.tell([status(Share("orders_view"), error="ValueError: no")])
    assert capsys.readouterr().err.splitlines() == ["orders_view  running", "orders_view  running: ValueError: no"]
