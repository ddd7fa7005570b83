"""The contract of dynamic consistency boundaries (DCB, dcb.events): what is read, and when the condition holds."""

import pytest

from duolog.database.port import Database
from duolog.errors import AppendConditionFailedError, ConflictError, WrongExpectedVersionError
from duolog.eventstore.appends import Append
from duolog.eventstore.conditions import AppendCondition, EventQuery, QueryItem
from duolog.eventstore.expectations import NO_STREAM
from duolog.testing.contracts.samples import new_event, new_events, outcomes
from duolog.write.sealed_work import SealedWork

CREATED = "user.created"
RENAMED = "user.renamed"
MAIL = "email:a@b.c"
OTHER_MAIL = "email:x@y.z"

BY_TAG = EventQuery((QueryItem(tags=(MAIL,)),))
BY_TYPE = EventQuery((QueryItem(types=(CREATED,)),))
BY_BOTH = EventQuery((QueryItem((CREATED, RENAMED), (MAIL,)),))
BY_TWO_TAGS = EventQuery((QueryItem(tags=(MAIL, "region:north")),))
BY_TWO_ITEMS = EventQuery((QueryItem((CREATED,), (MAIL,)), QueryItem((RENAMED,))))
EVERYTHING = EventQuery((QueryItem(),))
QUERIES = [BY_TAG, BY_TYPE, BY_BOTH, BY_TWO_TAGS, BY_TWO_ITEMS, EVERYTHING]


class BoundaryContract:
    """Every backend guards boundaries in this way. Supply a ``database`` fixture: an open, empty `Database`."""

    @pytest.mark.parametrize(
        ("query", "ids"),
        [
            (BY_TAG, [1, 2, 3]),
            (BY_TYPE, [1, 4]),
            (BY_BOTH, [1, 2]),
            (BY_TWO_TAGS, [2]),
            (BY_TWO_ITEMS, [1, 2, 5]),
            (EVERYTHING, [1, 2, 3, 4, 5]),
        ],
    )
    async def test_a_boundary_has_the_matching_events(
        self, database: Database, query: EventQuery, ids: list[int]
    ) -> None:
        """An item matches one of its types and all of its tags; a query matches what any of its items matches."""
        await database.store.append("user-1", [new_event(CREATED, MAIL)])
        await database.store.append("user-2", [new_event(RENAMED, MAIL, "region:north")])
        await database.store.append("user-3", [new_event("user.deleted", MAIL)])
        await database.store.append("user-4", [new_event(CREATED, OTHER_MAIL)])
        await database.store.append("user-5", [new_event(RENAMED, "region:north")])
        boundary = await database.store.read_boundary(query)
        assert [event.stream for event in boundary.events] == [f"user-{number}" for number in ids]

    @pytest.mark.parametrize("query", QUERIES)
    async def test_a_condition_holds_while_nothing_more_matches(self, database: Database, query: EventQuery) -> None:
        """What the decision has seen does not fail its append, and its own events do not either."""
        await database.store.append("user-1", [new_event(CREATED, MAIL), new_event(RENAMED, MAIL, "region:north")])
        boundary = await database.store.read_boundary(query)
        events = [new_event(CREATED, MAIL), new_event(RENAMED, MAIL, "region:north")]
        await database.store.append("user-2", events, condition=boundary.condition)
        assert len(await database.store.read_stream("user-2")) == 2

    @pytest.mark.parametrize("query", QUERIES)
    async def test_an_unseen_match_fails_the_append(self, database: Database, query: EventQuery) -> None:
        """A matching event after the read fails the append, is named, and nothing is recorded."""
        await database.store.append("user-1", [new_event(CREATED, MAIL)])
        boundary = await database.store.read_boundary(query)
        unseen = await database.store.append("user-2", [new_event(CREATED, MAIL, "region:north")])
        with pytest.raises(AppendConditionFailedError) as caught:
            await database.store.append("user-3", new_events(1), condition=boundary.condition)
        assert caught.value.position == unseen.position
        assert caught.value.key
        assert not await database.store.read_stream("user-3")

    @pytest.mark.parametrize("query", [BY_TAG, BY_BOTH, BY_TWO_TAGS])
    async def test_other_tags_do_not_fail_it(self, database: Database, query: EventQuery) -> None:
        """Events about something else leave a boundary alone."""
        boundary = await database.store.read_boundary(query)
        await database.store.append("user-1", [new_event(CREATED, OTHER_MAIL), new_event(RENAMED, "region:north")])
        await database.store.append("user-2", new_events(1), condition=boundary.condition)
        assert len(await database.store.read_stream("user-2")) == 1

    async def test_what_was_seen_above_the_horizon_does_not_fail_it(self, database: Database) -> None:
        """A condition knows the events above its horizon that the decision saw; another one among them fails it."""
        appended = [await database.store.append(f"user-{n}", [new_event(CREATED, MAIL)]) for n in range(3)]
        first, second, third = [outcome.position for outcome in appended]
        seen = AppendCondition(BY_TAG, first, frozenset({second, third}))
        await database.store.append("user-3", [new_event(CREATED, OTHER_MAIL)], condition=seen)
        with pytest.raises(AppendConditionFailedError) as caught:
            await database.store.append(
                "user-4", new_events(1), condition=AppendCondition(BY_TAG, first, frozenset({third}))
            )
        assert caught.value.position == second

    async def test_other_types_do_not_fail_it(self, database: Database) -> None:
        """Events of other types leave a boundary over types alone, though their tags are the same."""
        boundary = await database.store.read_boundary(BY_BOTH)
        await database.store.append("user-1", [new_event("user.deleted", MAIL)])
        await database.store.append("user-2", new_events(1), condition=boundary.condition)
        assert len(await database.store.read_stream("user-2")) == 1

    async def test_an_empty_boundary_is_guarded_too(self, database: Database) -> None:
        """That nothing matched is a decision's ground as well."""
        boundary = await database.store.read_boundary(BY_TAG)
        assert boundary.events == ()
        await database.store.append("user-1", [new_event(CREATED, MAIL)])
        with pytest.raises(AppendConditionFailedError):
            await database.store.append("user-2", [new_event(CREATED, MAIL)], condition=boundary.condition)

    async def test_tenants_have_boundaries_of_their_own(self, database: Database) -> None:
        """One tenant's events are neither in another's boundary nor do they fail its appends."""
        await database.store.append("user-1", [new_event(CREATED, MAIL)], tenant="acme")
        boundary = await database.store.read_boundary(BY_TAG, tenant="umbrella")
        assert boundary.events == ()
        await database.store.append("user-2", [new_event(CREATED, MAIL)], tenant="acme")
        created = [new_event(CREATED, MAIL)]
        await database.store.append("user-1", created, condition=boundary.condition, tenant="umbrella")
        assert len((await database.store.read_boundary(BY_TAG, tenant="umbrella")).events) == 1

    async def test_every_condition_must_hold(self, database: Database) -> None:
        """Of several conditions one that does not hold fails the append to all streams."""
        by_tag, by_type = [await database.store.read_boundary(query) for query in (BY_TAG, BY_TYPE)]
        await database.store.append("user-1", [new_event(CREATED, OTHER_MAIL)])
        appends = [Append("user-2", tuple(new_events(1))), Append("user-3", tuple(new_events(1)))]
        with pytest.raises(AppendConditionFailedError):
            await database.store.append_all(appends, conditions=[by_tag.condition, by_type.condition])
        assert not await database.store.read_stream("user-2")
        await database.store.append_all(appends, conditions=[by_tag.condition])

    async def test_a_condition_stands_beside_an_expected_version(self, database: Database) -> None:
        """A condition that holds does not excuse a wrong expected version."""
        await database.store.append("user-1", new_events(1))
        boundary = await database.store.read_boundary(BY_TAG)
        with pytest.raises(WrongExpectedVersionError):
            await database.store.append("user-1", new_events(1), NO_STREAM, condition=boundary.condition)

    async def test_a_condition_can_be_checked_alone(self, database: Database) -> None:
        """A unit of work without appends still fails when its condition does not hold."""
        boundary = await database.store.read_boundary(BY_TAG)
        work = SealedWork(conditions=(boundary.condition,))
        assert (await database.committer.commit(work)).position == 0
        await database.store.append("user-1", [new_event(CREATED, MAIL)])
        with pytest.raises(AppendConditionFailedError):
            await database.committer.commit(work)

    async def test_a_repetition_does_not_fail_on_its_own_events(self, database: Database) -> None:
        """The same conditional append again gives the first outcome, though its events now match."""
        boundary = await database.store.read_boundary(BY_TAG)
        events = [new_event(CREATED, MAIL)]
        first = await database.store.append("user-1", events, condition=boundary.condition)
        assert await database.store.append("user-1", events, condition=boundary.condition) == first

    @pytest.mark.parametrize("query", QUERIES)
    async def test_one_of_two_decisions_on_one_boundary_wins(self, database: Database, query: EventQuery) -> None:
        """Of decisions that read one boundary and append into it side by side, exactly one is recorded."""
        await database.store.append("user-0", [new_event(CREATED, MAIL, "region:north")])

        async def decide(number: int) -> int:
            boundary = await database.store.read_boundary(query)
            event = new_event(CREATED, MAIL, "region:north")
            await database.store.append(f"user-{number}", [event], condition=boundary.condition)
            return number

        for attempt in range(5):
            boundary = await database.store.read_boundary(query)
            won, lost = await outcomes(
                database.store.append(
                    f"user-{attempt}_{side}",
                    [new_event(CREATED, MAIL, "region:north")],
                    condition=boundary.condition,
                )
                for side in range(2)
            )
            assert len(won) == 1
            assert [type(error) for error in lost] == [AppendConditionFailedError]
        before = len((await database.store.read_boundary(query)).events)
        decided, conflicts = await outcomes(decide(number) for number in range(1, 9))
        assert decided
        assert all(isinstance(error, ConflictError) for error in conflicts)
        assert len((await database.store.read_boundary(query)).events) == before + len(decided)

    async def test_decisions_on_separate_boundaries_do_not_meet(self, database: Database) -> None:
        """Decisions about different tags are all recorded, side by side."""

        async def decide(number: int) -> None:
            tag = f"email:{number}@b.c"
            boundary = await database.store.read_boundary(EventQuery((QueryItem((CREATED,), (tag,)),)))
            await database.store.append(f"user-{number}", [new_event(CREATED, tag)], condition=boundary.condition)

        decided, errors = await outcomes(decide(number) for number in range(20))
        assert errors == []
        assert len(decided) == 20
