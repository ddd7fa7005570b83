"""A signal ends `duolog send` between two rows, and what it says then is what it did."""

import json
import os
import re
import signal
from pathlib import Path

import pytest

from tests.unit.cli import shop
from tests.unit.cli.conftest import Duolog, Target

ROWS = 300


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "orders.csv"
    path.write_text("order_id,amount\n" + "".join(f"{number},{number}\n" for number in range(ROWS)))
    return str(path)


@pytest.fixture
def signalled(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> signal.Signals:
    """The domain itself sends the signal, while the 100th row is executed."""
    number: signal.Signals = request.param
    place = shop.Order.place

    def place_and_signal(order: shop.Order, amount: int, note: str | None) -> None:
        if amount == 100:
            os.kill(os.getpid(), number)
        place(order, amount, note)

    monkeypatch.setattr(shop.Order, "place", place_and_signal)
    return number


@pytest.mark.parametrize("signalled", [signal.SIGTERM, signal.SIGINT], indirect=True)
@pytest.mark.parametrize("arguments", [(), ("--concurrency", "16", "--key", "order_id", "--projections")])
def test_a_signal_lets_what_is_under_way_end_and_counts_it(
    duolog: Duolog,
    target: Target,
    url: str,
    file: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    signalled: signal.Signals,
    arguments: tuple[str, ...],
) -> None:
    """The exit code is the signal's, the lease is given back, and the next send goes on behind what is counted."""
    ended = duolog("send", target(), "order.place", file, *arguments)
    assert ended.code == 128 + signalled
    found = re.fullmatch(r"stopped: (\d+) sent, 0 rejected; send the file again to go on\n", ended.stdout)
    assert found is not None, ended
    sent = int(found[1])
    assert 0 < sent < ROWS
    assert len(duolog("events", url, "--json").lines) == sent
    if "--projections" in arguments:
        assert json.loads(duolog("projections", "status", url, "--json").stdout)["owner"] is None
    monkeypatch.undo()
    monkeypatch.syspath_prepend(str(Path(file).parent))
    again = json.loads(duolog("send", target(), "order.place", file, *arguments, "--json").stdout)
    assert (again["sent"], again["already_sent"], again["stopped"]) == (ROWS - sent, sent, False)


@pytest.mark.parametrize("signalled", [signal.SIGTERM], indirect=True)
def test_programs_are_told_that_it_was_stopped(
    duolog: Duolog, target: Target, file: str, signalled: signal.Signals
) -> None:
    """The counts are there as ever."""
    ended = duolog("send", target(), "order.place", file, "--json")
    assert ended.code == 128 + signalled
    told = json.loads(ended.stdout)
    assert told["stopped"] is True
    assert 0 < told["sent"] < ROWS
