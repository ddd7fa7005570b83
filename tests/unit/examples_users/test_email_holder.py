from uuid import UUID

import pytest

from users.domain.email import Email
from users.domain.email_holder import email_holder
from users.domain.events import UserDeleted, UserEmailChanged, UserRegistered

ADA, BOB = UUID(int=1), UUID(int=2)
EMAIL = Email("ada@example.org")


def registered(user_id: UUID) -> UserRegistered:
    return UserRegistered(user_id, EMAIL.value, "user", "hash")


def took(user_id: UUID) -> UserEmailChanged:
    return UserEmailChanged(user_id, old_email="before@example.org", email=EMAIL.value)


def left(user_id: UUID) -> UserEmailChanged:
    return UserEmailChanged(user_id, old_email=EMAIL.value, email="after@example.org")


def deleted(user_id: UUID) -> UserDeleted:
    return UserDeleted(user_id, EMAIL.value)


@pytest.mark.parametrize(
    ("recorded", "holder"),
    [
        ([], None),
        ([registered(ADA)], ADA),
        ([registered(ADA), left(ADA)], None),
        ([registered(ADA), deleted(ADA)], None),
        ([registered(ADA), left(ADA), took(BOB)], BOB),
        ([registered(ADA), deleted(ADA), registered(BOB)], BOB),
        ([registered(ADA), left(ADA), took(ADA)], ADA),
    ],
    ids=["never used", "registered", "left", "deleted", "taken over", "registered again", "taken back"],
)
def test_the_holder_is_who_took_the_address_last_and_has_not_left_it(
    recorded: list[object], holder: UUID | None
) -> None:
    assert email_holder(EMAIL, recorded) == holder
