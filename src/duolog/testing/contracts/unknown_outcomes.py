"""The contract of commits whose outcome is unknown: resolved by looking up, or reported; never sent again."""

from dataclasses import dataclass, replace

import pytest

from duolog.codec.event_codec import EventCodec
from duolog.codec.event_types import EventTypes
from duolog.codec.tags import Tagger
from duolog.database.port import Database
from duolog.errors import IdempotencyKeyTakenError, OutcomeUnknownError, RolledBackError
from duolog.eventstore.appends import Appended
from duolog.messages.event import event
from duolog.testing.contracts.accounts import ACCOUNTS, insertion
from duolog.testing.contracts.idempotency import RECORD, SCOPE, rows_of
from duolog.testing.contracts.samples import new_events
from duolog.testing.unsure_committer import UnsureCommitter
from duolog.write.idempotency import IdempotencyRecord
from duolog.write.sealed_work import SealedWork
from duolog.write.unit_of_work import UnitOfWork

KEYED = pytest.mark.parametrize("record", [RECORD, None], ids=["by its key", "by its events"])


@event("contract.noted")
@dataclass(frozen=True, slots=True)
class ContractNoted:
    """What the units of this contract record."""

    text: str


async def unit_of(database: Database, committer: UnsureCommitter, record: IdempotencyRecord | None) -> UnitOfWork:
    """Make a unit that inserts the row ``1``, with a committer that loses sight of it."""
    unit = UnitOfWork(
        store=database.store,
        committer=committer,
        codec=EventCodec(EventTypes([ContractNoted]), Tagger(b"a secret of this contract")),
        keys=database.idempotency,
    )
    unit.idempotency = record
    await unit.stage_statement(insertion("1"))
    return unit


class UnknownOutcomeContract:
    """Every backend can be asked afterwards. Supply a ``database`` fixture: an open, empty `Database`."""

    @pytest.fixture(autouse=True)
    async def _tables(self, database: Database) -> None:
        await database.create_tables(ACCOUNTS)

    @KEYED
    async def test_what_was_committed_is_found(self, database: Database, record: IdempotencyRecord | None) -> None:
        """The unit ends as if its outcome had never been lost: with positions, versions and its hooks."""
        committer = UnsureCommitter(database.committer, commits=True)
        unit = await unit_of(database, committer, record)
        unit.stage("account-1", [ContractNoted("a"), ContractNoted("b")])
        told: list[Appended] = []

        async def hook(outcome: Appended) -> None:
            told.append(outcome)

        unit.after_commit(hook)
        await unit.finish()
        assert (unit.outcome.position, unit.outcome.versions) == (await database.store.head(), {"account-1": 2})
        assert told == [unit.outcome]
        assert await rows_of(database) == {"1": 1}
        assert committer.sent == 1

    @KEYED
    async def test_what_was_not_committed_is_certain(
        self, database: Database, record: IdempotencyRecord | None
    ) -> None:
        """What is not found was rolled back for good; it is not sent again, but may be by whoever sent it."""
        committer = UnsureCommitter(database.committer, commits=False)
        unit = await unit_of(database, committer, record)
        unit.stage("account-1", [ContractNoted("a")])
        with pytest.raises(RolledBackError):
            await unit.finish()
        assert committer.sent == 1
        assert await rows_of(database) == {}
        assert await database.store.head() == 0
        assert await database.idempotency.find(SCOPE, RECORD.key) is None

    @pytest.mark.parametrize("commits", [True, False])
    async def test_what_cannot_be_looked_up_is_reported(self, database: Database, *, commits: bool) -> None:
        """Rows without events and without a key leave nothing to look for."""
        committer = UnsureCommitter(database.committer, commits=commits)
        unit = await unit_of(database, committer, None)
        with pytest.raises(OutcomeUnknownError):
            await unit.finish()
        assert committer.sent == 1
        assert await rows_of(database) == ({"1": 1} if commits else {})

    @pytest.mark.parametrize("commits", [True, False])
    async def test_a_key_finds_rows_without_events(self, database: Database, *, commits: bool) -> None:
        """With a key the outcome of such a unit is known."""
        unit = await unit_of(database, UnsureCommitter(database.committer, commits=commits), RECORD)
        if commits:
            await unit.finish()
        else:
            with pytest.raises(RolledBackError):
                await unit.finish()
        assert await rows_of(database) == ({"1": 1} if commits else {})

    @pytest.mark.parametrize("commits", [True, False])
    async def test_a_database_that_cannot_be_asked_leaves_it_unknown(
        self, database: Database, *, commits: bool
    ) -> None:
        """As long as the database does not answer, nothing is claimed."""
        committer = UnsureCommitter(database.committer, commits=commits, settles=False)
        unit = await unit_of(database, committer, RECORD)
        with pytest.raises(OutcomeUnknownError):
            await unit.finish()
        assert committer.sent == 1

    async def test_a_key_that_somebody_else_has_committed_is_taken(self, database: Database) -> None:
        """Another unit's answer under the key is not mistaken for this unit's."""
        other = replace(RECORD, result=b'"other"')
        await database.committer.commit(SealedWork(idempotency=other))
        unit = await unit_of(database, UnsureCommitter(database.committer, commits=False), RECORD)
        with pytest.raises(IdempotencyKeyTakenError):
            await unit.finish()

    async def test_events_are_found_by_their_ids(self, database: Database) -> None:
        """Those that are in the log come back by id, whatever stream and tenant they are of; the others do not."""
        first, second, missing = new_events(3)
        await database.store.append("account-1", [first])
        await database.store.append("account-2", [second], tenant="acme")
        ids = [first.event_id, second.event_id, missing.event_id]
        found = await database.store.read_events(ids)
        assert {event_id: recorded.stream for event_id, recorded in found.items()} == {
            first.event_id: "account-1",
            second.event_id: "account-2",
        }
        assert await database.store.read_events([]) == {}

    async def test_settling_changes_nothing(self, database: Database) -> None:
        """It may be done at any time."""
        log_id = database.store.log_id
        await database.committer.settle()
        assert await database.store.head() == 0
        assert database.store.log_id == log_id
        assert await rows_of(database) == {}
