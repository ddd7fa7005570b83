"""Two views of deposits, by stream and by a key over streams, that show every loss, doubling and change of order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from duolog import Projection, RecordedEvent, ViewDatabase, event
from duolog.codec.event_codec import EventCodec
from duolog.codec.event_types import EventTypes
from duolog.codec.tags import Tagger

MODULUS = 1_000_003
_DDL = "CREATE TABLE {name} (id TEXT PRIMARY KEY, deposits BIGINT NOT NULL, digest BIGINT NOT NULL)"
_FOLD = (
    "INSERT INTO {name} (id, deposits, digest) VALUES (:id, 1, :amount)"
    " ON CONFLICT (id) DO UPDATE SET deposits = {name}.deposits + 1,"
    " digest = ({name}.digest * 31 + excluded.digest) % 1000003"
)


@event("bank.deposited")
@dataclass(frozen=True, slots=True)
class Deposited:
    """A deposit of an account; ``unit`` is the append that it came with."""

    unit: str
    branch: str
    amount: int


class AccountProjection(Projection):
    """By stream; odd amounts read first, so that the batch holds its transaction from then on."""

    name, version, partitions = "accounts_by_stream", 1, 8
    tables: ClassVar[Mapping[str, str]] = {"accounts_by_stream": _DDL.format(name="accounts_by_stream")}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_deposited(self, event: Deposited, recorded: RecordedEvent) -> None:
        row = {"id": recorded.stream, "amount": event.amount}
        if event.amount % 100 == 1:
            await self._db.fetch_value("SELECT digest FROM accounts_by_stream WHERE id = :id", {"id": recorded.stream})
        await self._db.execute(_FOLD.format(name="accounts_by_stream"), row)


class BranchProjection(Projection):
    """By branch, over all streams."""

    name, version, partitions = "accounts_by_branch", 1, 4
    tables: ClassVar[Mapping[str, str]] = {"accounts_by_branch": _DDL.format(name="accounts_by_branch")}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    @classmethod
    def partition_key(cls, event: Deposited) -> str:
        return event.branch

    async def on_deposited(self, event: Deposited) -> None:
        await self._db.execute(_FOLD.format(name="accounts_by_branch"), {"id": event.branch, "amount": event.amount})


PROJECTIONS: tuple[type[Projection], ...] = (AccountProjection, BranchProjection)


def codec() -> EventCodec:
    """Return the codec of the bank's events."""
    return EventCodec(EventTypes([Deposited]), Tagger(b"0" * 32))


def folded(deposits: Iterable[tuple[str, int]]) -> dict[str, tuple[int, int]]:
    """Fold ids and amounts in the log's order: by id, how many there are, and their digest."""
    view: dict[str, tuple[int, int]] = {}
    for name, amount in deposits:
        if name in view:
            count, digest = view[name]
            view[name] = (count + 1, (digest * 31 + amount) % MODULUS)
        else:
            view[name] = (1, amount)
    return view
