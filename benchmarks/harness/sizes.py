"""How much work a run does."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of one run.

    Attributes:
        name: what the page calls it.
        rounds: rounds that count.
        dispatches: messages a round.
        codings: events a round that are encoded and decoded.
        appends: appends a round for each number in flight.
        log: events of the log that is read as a whole.
        loads: streams a round that are loaded.
        rebuild: events of the log that is projected.
        rebuild_peer: events of the peer's, whose rate is compared.
        rows: rows of the table that pages are read from.
        pages: pages a round.
        lags: events a round whose way into a view is timed on an idle system.
        load: events a round that come at a steady rate while others are timed.
    """

    name: str
    rounds: int
    dispatches: int
    codings: int
    appends: dict[int, int]
    log: int
    loads: int
    rebuild: int
    rebuild_peer: int
    rows: int
    pages: int
    lags: int
    load: int


QUICK = Sizes("quick", 5, 500, 500, {1: 40, 16: 80, 64: 256, 256: 512}, 2_000, 3, 1_000, 100, 5_000, 20, 20, 2_500)
NORMAL = Sizes(
    "normal",
    7,
    20_000,
    20_000,
    {1: 400, 16: 1_600, 64: 3_200, 256: 5_120},
    100_000,
    20,
    100_000,
    2_000,
    1_000_000,
    300,
    200,
    50_000,
)
MIDDLE = Sizes(
    "middle",
    5,
    5_000,
    10_000,
    {1: 200, 16: 480, 64: 1_280, 256: 2_048},
    30_000,
    10,
    30_000,
    1_000,
    200_000,
    100,
    100,
    25_000,
)
FULL = Sizes(
    "full",
    7,
    20_000,
    20_000,
    {1: 800, 16: 3_200, 64: 6_400, 256: 10_240},
    300_000,
    50,
    1_000_000,
    4_000,
    1_000_000,
    500,
    500,
    150_000,
)
