"""Counts that many users' streams feed, in whatever order those come."""

from collections import Counter
from collections.abc import Sequence
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from duolog.testing import ProjectionScenario
from users.domain.email import Email
from users.domain.role import UserRole
from users.domain.user import User, UserId
from users.infrastructure.projections.role_projection import RoleProjection

Change = UserRole | bool | None  # a role, whether it is active, or None: deleted
CHANGES = st.lists(st.sampled_from([*UserRole, True, False, None]), max_size=6)


def user_of(number: int, changes: Sequence[Change]) -> User:
    """A user to whom that happened, with all its events still to be saved."""
    address = Email(f"user{number}@example.org")
    user = User.create(UserId(UUID(int=number)), email=address, password_hash="hash", role=UserRole.USER)
    for change in changes:
        if user.is_deleted:
            break
        match change:
            case UserRole():
                user.change_role(change)
            case True:
                user.activate()
            case False:
                user.deactivate()
            case None:
                user.delete()
    return user


async def counts(scenario: ProjectionScenario) -> Counter[tuple[object, bool]]:
    found: Counter[tuple[object, bool]] = Counter()
    for row in await scenario.rows("role_statistics"):
        assert min(row["active"], row["inactive"]) >= 0
        found[row["role"], True] += row["active"]
        found[row["role"], False] += row["inactive"]
    return +found


@given(st.lists(CHANGES, max_size=5), st.randoms(use_true_random=False))
async def test_however_the_streams_of_users_are_mixed_each_user_counts_once_as_what_it_is(
    histories: Sequence[Sequence[Change]], chance: Random
) -> None:
    """The model is the aggregate; only the order within a stream is kept, as shares keep it."""
    users = [user_of(number, history) for number, history in enumerate(histories)]
    pending = [list(user.pending_events) for user in users]
    turns = [number for number, events in enumerate(pending) for _ in events]
    chance.shuffle(turns)
    async with ProjectionScenario(RoleProjection) as scenario:
        for number in turns:
            await scenario.given(f"user-{users[number].id}", pending[number].pop(0))
        expected = Counter((user.role.value, user.is_active) for user in users if not user.is_deleted)
        assert await counts(scenario) == expected
        assert len(await scenario.rows("role_statistics_users")) == expected.total()
