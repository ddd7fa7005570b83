"""The contract of pauses: subscriptions that stand still on purpose."""

from duolog.database.port import Database


class PauseContract:
    """Every backend's pauses. Supply a ``database`` fixture: an open, empty `Database`."""

    async def test_a_pause_says_who_and_since_when(self, database: Database) -> None:
        """By the database's clock; others are not paused."""
        await database.pauses.pause("users_view", by="ann")
        (name, pause), *others = (await database.pauses.read()).items()
        assert (name, pause.by, others) == ("users_view", "ann", [])
        assert pause.since > 1_577_836_800_000_000

    async def test_a_second_pause_changes_nothing(self, database: Database) -> None:
        """Who paused it first is who is asked."""
        await database.pauses.pause("users_view", by="ann")
        before = await database.pauses.read()
        await database.pauses.pause("users_view", by="bob")
        assert await database.pauses.read() == before

    async def test_what_is_resumed_is_paused_no_more(self, database: Database) -> None:
        """It can be resumed twice."""
        await database.pauses.pause("users_view", by="ann")
        await database.pauses.pause("other_view", by="ann")
        await database.pauses.resume("users_view")
        await database.pauses.resume("users_view")
        assert set(await database.pauses.read()) == {"other_view"}
