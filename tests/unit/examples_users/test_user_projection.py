from uuid import UUID

from duolog.testing import ProjectionScenario
from users.domain.events import (
    UserActivated,
    UserDeactivated,
    UserDeleted,
    UserEmailChanged,
    UserRegistered,
    UserRoleChanged,
)
from users.infrastructure.projections.user_projection import UserProjection

ADA, BOB = UUID(int=1), UUID(int=2)


async def test_the_view_shows_what_happened_with_the_version_and_the_time_of_registration() -> None:
    async with ProjectionScenario(UserProjection) as scenario:
        await scenario.given(
            f"user-{ADA}",
            UserRegistered(ADA, "ada@example.org", "user", "hash"),
            UserEmailChanged(ADA, "ada@example.org", "lovelace@example.org"),
            UserRoleChanged(ADA, "admin"),
            UserDeactivated(ADA),
        )
        [row] = await scenario.rows("users_view")
        assert row == {
            "id": str(ADA),
            "email": "lovelace@example.org",
            "role": "admin",
            "is_active": 0,
            "created_at": "1970-01-01T00:00:01.000000+00:00",
            "version": 4,
        }
        await scenario.given(f"user-{ADA}", UserActivated(ADA))
        [row] = await scenario.rows("users_view")
        assert (row["is_active"], row["version"]) == (1, 5)


async def test_a_deleted_user_leaves_the_view_and_others_stay() -> None:
    async with ProjectionScenario(UserProjection) as scenario:
        await scenario.given(f"user-{ADA}", UserRegistered(ADA, "ada@example.org", "user", "hash"))
        await scenario.given(f"user-{BOB}", UserRegistered(BOB, "bob@example.org", "user", "hash"))
        await scenario.given(f"user-{ADA}", UserDeleted(ADA, "ada@example.org"))
        assert [row["email"] for row in await scenario.rows("users_view")] == ["bob@example.org"]


async def test_a_view_takes_every_recorded_address_even_if_another_user_has_it() -> None:
    async with ProjectionScenario(UserProjection) as scenario:
        await scenario.given(f"user-{ADA}", UserRegistered(ADA, "ada@example.org", "user", "hash"))
        await scenario.given(f"user-{BOB}", UserRegistered(BOB, "ada@example.org", "user", "hash"))
        assert len(await scenario.rows("users_view")) == 2


def test_the_view_has_no_column_for_a_password() -> None:
    assert "password" not in UserProjection.tables["users_view"]
