from collections.abc import Callable
from uuid import UUID

import pytest

from duolog import Exactly
from duolog.testing import given
from users.domain.email import Email
from users.domain.errors import InvalidReasonError, UserNotFoundError
from users.domain.events import (
    UserActivated,
    UserDeactivated,
    UserDeleted,
    UserEmailChanged,
    UserRegistered,
    UserRoleChanged,
)
from users.domain.role import UserRole
from users.domain.user import User, UserId

ID = UserId(UUID(int=42))
REGISTERED = UserRegistered(ID, "ada@example.org", "user", "hash")


def test_a_new_user_is_active_and_expects_a_new_stream() -> None:
    user = User.create(ID, email=Email("ada@example.org"), password_hash="hash", role=UserRole.USER)
    assert user.pending_events == [REGISTERED]
    assert user.pending_events.expected == Exactly(0)
    assert (user.stream, user.version, user.is_active, user.is_deleted) == (f"user-{ID}", 1, True, False)


def test_another_address_is_recorded_with_the_one_it_replaces() -> None:
    user = (
        given(User(ID), REGISTERED)
        .when(lambda user: user.change_email(Email("New@example.org")))
        .then(UserEmailChanged(ID, old_email="ada@example.org", email="new@example.org"))
    )
    assert user.email == Email("new@example.org")
    assert user.pending_events.expected == Exactly(1)


def test_another_role_is_recorded() -> None:
    user = (
        given(User(ID), REGISTERED)
        .when(lambda user: user.change_role(UserRole.ADMIN))
        .then(UserRoleChanged(ID, "admin"))
    )
    assert user.role is UserRole.ADMIN


def test_a_user_is_deactivated_and_activated_again() -> None:
    user = given(User(ID), REGISTERED).when(lambda user: user.deactivate()).then(UserDeactivated(ID))
    assert not user.is_active
    user = given(User(ID), REGISTERED, UserDeactivated(ID)).when(lambda user: user.activate()).then(UserActivated(ID))
    assert user.is_active


def change_nothing(user: User) -> None:
    user.change_email(Email(" ADA@example.org"))
    user.change_role(UserRole.USER)
    user.activate()


def test_what_changes_nothing_raises_no_event() -> None:
    assert given(User(ID), REGISTERED).when(change_nothing).then_nothing().version == 1


def test_deleting_records_the_freed_address_and_the_reason() -> None:
    user = (
        given(User(ID), REGISTERED)
        .when(lambda user: user.delete("spam"))
        .then(UserDeleted(ID, "ada@example.org", "spam"))
    )
    assert user.is_deleted


def test_a_reason_as_long_as_a_letter_is_refused() -> None:
    given(User(ID), REGISTERED).when(lambda user: user.delete("x" * 501)).then_raises(InvalidReasonError)


@pytest.mark.parametrize(
    "change",
    [
        lambda user: user.change_email(Email("new@example.org")),
        lambda user: user.change_role(UserRole.ADMIN),
        lambda user: user.activate(),
        lambda user: user.deactivate(),
        lambda user: user.delete(),
    ],
    ids=["email", "role", "activate", "deactivate", "delete"],
)
def test_nothing_happens_to_a_deleted_user(change: Callable[[User], None]) -> None:
    deleted = UserDeleted(ID, "ada@example.org")
    given(User(ID), REGISTERED, deleted).when(change).then_raises(UserNotFoundError)


def test_no_event_shows_a_passwords_hash() -> None:
    assert "hash" not in repr(UserRegistered(ID, "ada@example.org", "user", password_hash="argon2-hash")).replace(
        "password_hash", ""
    )
