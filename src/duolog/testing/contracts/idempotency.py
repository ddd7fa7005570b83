"""The contract of idempotency keys: one key, one unit of work, in one transaction with what it changes."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from duolog.database.port import Database
from duolog.errors import IdempotencyKeyTakenError, StaleRowError, WrongExpectedVersionError
from duolog.eventstore.appends import NOTHING_APPENDED, Append
from duolog.eventstore.expectations import NO_STREAM, Exactly
from duolog.testing.contracts.accounts import ACCOUNTS, accounts, change, insertion
from duolog.testing.contracts.samples import SECONDS, new_events, outcomes
from duolog.write.idempotency import IdempotencyRecord, IdempotencyScope, StoredAnswer
from duolog.write.sealed_work import SealedWork

SCOPE = IdempotencyScope("acme", "ann", "account.open")
RECORD = IdempotencyRecord(SCOPE, "key-1", b"\x00 fingerprint \xff", '"ä"'.encode())
HOUR = 3_600.0


def opening(account: str, record: IdempotencyRecord | None = RECORD, *, events: int = 2) -> SealedWork:
    """A unit that inserts a row and records events, with an idempotency key."""
    appends = (Append(f"account-{account}", tuple(new_events(events)), NO_STREAM),) if events else ()
    return SealedWork("acme", (insertion(account),), appends, idempotency=record)


async def rows_of(database: Database) -> dict[str, int]:
    """Return all accounts' versions by id, as they are committed now."""
    reader = database.open_reader()
    try:
        return await accounts(reader)
    finally:
        await reader.close()


async def until_held(database: Database, key: str) -> None:
    """Try to hold a key until it is let go, which other processes learn a little later."""
    async with asyncio.timeout(SECONDS):
        while not await database.idempotency.hold(SCOPE, key):  # noqa: ASYNC110 - the port has no signal for it
            await asyncio.sleep(0.001)


class IdempotencyContract:
    """Every backend keeps idempotency keys in this way.

    Supply a ``database`` fixture: an open, empty `Database`; and ``make_database``: a callable that makes another one,
    unopened, on the same URL.
    """

    @pytest.fixture(autouse=True)
    async def _tables(self, database: Database) -> None:
        await database.create_tables(ACCOUNTS)

    async def test_a_key_is_committed_with_the_work(self, database: Database) -> None:
        """Fingerprint, result and what was appended are found under the key when the commit returns."""
        assert await database.idempotency.find(SCOPE, "key-1") is None
        outcome = await database.committer.commit(opening("1"))
        stored = await database.idempotency.find(SCOPE, "key-1")
        assert stored == StoredAnswer(RECORD.fingerprint, RECORD.result, outcome)

    async def test_a_key_alone_is_worth_a_commit(self, database: Database) -> None:
        """A command that changes nothing has its answer stored as well."""
        work = SealedWork(idempotency=RECORD)
        assert not work.is_empty
        assert await database.committer.commit(work) == NOTHING_APPENDED
        stored = await database.idempotency.find(SCOPE, "key-1")
        assert stored == StoredAnswer(RECORD.fingerprint, RECORD.result, NOTHING_APPENDED)

    async def test_rows_without_events_keep_their_key(self, database: Database) -> None:
        """A unit that changes tables only has an empty outcome."""
        await database.committer.commit(opening("1", events=0))
        stored = await database.idempotency.find(SCOPE, "key-1")
        assert stored is not None
        assert stored.outcome == NOTHING_APPENDED

    async def test_a_taken_key_changes_nothing(self, database: Database) -> None:
        """Another unit with the key leaves neither row nor event, and the first answer stays."""
        first = await database.committer.commit(opening("1"))
        with pytest.raises(IdempotencyKeyTakenError):
            await database.committer.commit(opening("2", replace(RECORD, fingerprint=b"other", result=b"2")))
        assert await rows_of(database) == {"1": 1}
        assert await database.store.head() == first.position
        assert await database.idempotency.find(SCOPE, "key-1") == StoredAnswer(RECORD.fingerprint, RECORD.result, first)

    async def test_a_taken_key_comes_before_every_other_refusal(self, database: Database) -> None:
        """The command sent again would fail because of its own first effect; what counts is the key."""
        first = opening("1")
        await database.committer.commit(first)
        stale = (Append("account-1", tuple(new_events(1)), Exactly(9)),)
        for again in (
            opening("1"),
            first,
            SealedWork("acme", appends=stale, idempotency=RECORD),
            SealedWork("acme", (change("1", version=9),), idempotency=RECORD),
        ):
            with pytest.raises(IdempotencyKeyTakenError):
                await database.committer.commit(again)

    async def test_what_was_shown_is_kept_with_the_key(self, database: Database) -> None:
        """The first that was made of the outcome stays, and a key that is not stored keeps nothing."""
        await database.idempotency.keep_shown(SCOPE, "key-1", "too early")
        outcome = await database.committer.commit(opening("1"))
        for shown in ('"ä"', "another"):
            await database.idempotency.keep_shown(SCOPE, "key-1", shown)
        await database.idempotency.keep_shown(replace(SCOPE, actor="bob"), "key-1", "of somebody else")
        stored = await database.idempotency.find(SCOPE, "key-1")
        assert stored == StoredAnswer(RECORD.fingerprint, RECORD.result, outcome, '"ä"')

    async def test_a_refused_unit_stores_no_key(self, database: Database) -> None:
        """What fails may be sent again with its key."""
        await database.store.append("account-1", new_events(1), tenant="acme")
        with pytest.raises(WrongExpectedVersionError):
            await database.committer.commit(opening("1"))
        with pytest.raises(StaleRowError):
            await database.committer.commit(SealedWork("", (change("1", version=9),), idempotency=RECORD))
        assert await database.idempotency.find(SCOPE, "key-1") is None
        await database.committer.commit(opening("2"))

    async def test_one_of_many_units_gets_the_key(self, database: Database) -> None:
        """Of units that bring one key side by side exactly one is committed."""
        committed, errors = await outcomes(database.committer.commit(opening(f"{n:02}")) for n in range(20))
        assert len(committed) == 1
        assert [type(error) for error in errors] == [IdempotencyKeyTakenError] * 19
        assert len(await rows_of(database)) == 1
        assert await database.store.head() == committed[0].position

    async def test_a_taken_key_does_not_fail_its_neighbours(self, database: Database) -> None:
        """Units with other keys, committed side by side with it, go through."""
        await database.committer.commit(opening("0"))
        units = [opening(f"{n:02}", RECORD if n % 2 else replace(RECORD, key=f"other-{n}")) for n in range(10)]
        committed, errors = await outcomes(database.committer.commit(unit) for unit in units)
        assert (len(committed), len(errors)) == (5, 5)

    async def test_a_key_belongs_to_its_scope(self, database: Database) -> None:
        """The same key of another tenant, another actor or for another operation is another key."""
        scopes = (
            SCOPE,
            replace(SCOPE, tenant=""),
            replace(SCOPE, actor=""),
            replace(SCOPE, actor="bob"),
            replace(SCOPE, operation="account.close"),
        )
        for number, scope in enumerate(scopes):
            record = replace(RECORD, scope=scope, result=f"{number}".encode())
            await database.committer.commit(opening(f"{number}", record))
        for number, scope in enumerate(scopes):
            stored = await database.idempotency.find(scope, "key-1")
            assert stored is not None
            assert stored.result == f"{number}".encode()
            assert await database.idempotency.find(scope, "KEY-1") is None

    async def test_repeated_events_store_a_new_key_with_their_first_outcome(self, database: Database) -> None:
        """A unit whose events are in the log already changes nothing, but its key is answered from now on."""
        work = opening("1", None)
        first = await database.committer.commit(work)
        assert await database.committer.commit(replace(work, idempotency=RECORD)) == first
        stored = await database.idempotency.find(SCOPE, "key-1")
        assert stored == StoredAnswer(RECORD.fingerprint, RECORD.result, first)
        assert await rows_of(database) == {"1": 1}

    async def test_the_held_writer_commits_keys(self, database: Database) -> None:
        """What ran while the writer was held is committed with the key, or rolled back if it is taken."""
        for account, key in (("1", "key-1"), ("2", "key-2")):
            held = await database.committer.hold_writer(seconds=SECONDS)
            await held.run(insertion(account))
            await held.commit(SealedWork("acme", idempotency=replace(RECORD, key=key)))
            await held.close()
        held = await database.committer.hold_writer(seconds=SECONDS)
        await held.run(insertion("3"))
        with pytest.raises(IdempotencyKeyTakenError):
            await held.commit(SealedWork("acme", idempotency=RECORD))
        await held.close()
        assert await rows_of(database) == {"1": 1, "2": 1}

    async def test_a_cancelled_commit_has_its_key_or_nothing(self, database: Database) -> None:
        """Whenever a commit is cancelled, its key and what it changed are there both or neither."""
        for turns in range(6):
            record = replace(RECORD, key=f"key-{turns}")
            task = asyncio.create_task(database.committer.commit(opening(f"{turns}", record)))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await database.committer.settle()
            is_stored = await database.idempotency.find(SCOPE, record.key) is not None
            assert is_stored is (f"{turns}" in await rows_of(database))

    async def test_a_key_is_held_once(self, database: Database) -> None:
        """While a key is held nobody else holds it; others of its scope, and the same one elsewhere, are free."""
        keys = database.idempotency
        assert await keys.hold(SCOPE, "key-1")
        assert not await keys.hold(SCOPE, "key-1")
        others = ((SCOPE, "key-2"), (replace(SCOPE, tenant=""), "key-1"), (replace(SCOPE, actor="bob"), "key-1"))
        assert [await keys.hold(*other) for other in others] == [True] * 3
        keys.let_go(SCOPE, "key-1")
        assert await keys.hold(SCOPE, "key-1")
        assert not await keys.hold(SCOPE, "key-2")

    async def test_a_key_that_is_held_elsewhere_is_refused(
        self, database: Database, make_database: Callable[[], Database]
    ) -> None:
        """Where processes share the keys they hold, one holds a key until it lets it go, or ends."""
        other = make_database()
        if not other.features.keys_shared:
            return  # each process has keys of its own, and the commit decides
        await other.open()
        try:
            assert await other.idempotency.hold(SCOPE, "key-1")
            assert await other.idempotency.hold(SCOPE, "key-2")
            assert not await database.idempotency.hold(SCOPE, "key-1")
            assert not await database.idempotency.hold(SCOPE, "key-1")
            assert await database.idempotency.hold(replace(SCOPE, tenant=""), "key-1")
            other.idempotency.let_go(SCOPE, "key-1")
            await until_held(database, "key-1")
            assert not await other.idempotency.hold(SCOPE, "key-1")
        finally:
            await other.close()
        await until_held(database, "key-2")

    async def test_a_cancelled_holder_holds_nothing(self, database: Database) -> None:
        """Whenever the attempt to hold a key is cancelled, the key is held by whoever got it, or free."""
        keys = database.idempotency
        for turns in range(6):
            attempt = asyncio.ensure_future(keys.hold(SCOPE, "key-1"))
            for _ in range(turns):
                await asyncio.sleep(0)
            attempt.cancel()
            await asyncio.wait((attempt,))
            if not attempt.cancelled():
                keys.let_go(SCOPE, "key-1")
            await until_held(database, "key-1")
            keys.let_go(SCOPE, "key-1")

    async def test_old_keys_are_swept(self, database: Database) -> None:
        """Keys that were kept for long enough are forgotten, and may be used again; younger ones stay."""
        await database.committer.commit(opening("1"))
        assert await database.idempotency.sweep(seconds=HOUR) == 0
        assert await database.idempotency.find(SCOPE, "key-1") is not None
        assert await database.idempotency.sweep(seconds=0) == 1
        assert await database.idempotency.find(SCOPE, "key-1") is None
        await database.committer.commit(opening("2"))
        assert await rows_of(database) == {"1": 1, "2": 1}

    async def test_a_sweep_is_bounded_and_begins_with_the_oldest(self, database: Database) -> None:
        """No more than the limit goes at once."""
        for number in range(5):
            await database.committer.commit(SealedWork(idempotency=replace(RECORD, key=f"{number}")))
        assert await database.idempotency.sweep(seconds=0, limit=2) == 2
        kept = [await database.idempotency.find(SCOPE, f"{number}") is not None for number in range(5)]
        assert kept == [False, False, True, True, True]
        assert await database.idempotency.sweep(seconds=0, limit=9) == 3
        assert await database.idempotency.sweep(seconds=0) == 0
