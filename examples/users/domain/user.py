"""The user: one aggregate, whichever way it is stored."""

from typing import Final, NewType, Self
from uuid import UUID

from duolog import Aggregate
from users.domain.email import Email
from users.domain.errors import InvalidReasonError, StaleUserError, UserNotFoundError
from users.domain.events import (
    UserActivated,
    UserDeactivated,
    UserDeleted,
    UserEmailChanged,
    UserRegistered,
    UserRoleChanged,
)
from users.domain.role import UserRole

UserId = NewType("UserId", UUID)

_LONGEST_REASON: Final = 500


class User(Aggregate[UserId]):
    """A registered user. What changes nothing raises no event."""

    category = "user"

    email: Email
    role: UserRole
    is_active: bool
    password_hash: str
    is_deleted: bool = False

    @classmethod
    def create(cls, user_id: UserId, *, email: Email, password_hash: str, role: UserRole) -> Self:
        user = cls(user_id)
        user.raise_event(UserRegistered(user_id, email.value, role.value, password_hash))
        return user

    def require_version(self, expected: int | None) -> None:
        """Raise `StaleUserError` if the user is not of the version that somebody decided on."""
        if expected not in (None, self.version):
            raise StaleUserError(expected=expected, actual=self.version)

    def change_email(self, email: Email) -> None:
        self._check_exists()
        if email != self.email:
            self.raise_event(UserEmailChanged(self.id, old_email=self.email.value, email=email.value))

    def change_role(self, role: UserRole) -> None:
        self._check_exists()
        if role is not self.role:
            self.raise_event(UserRoleChanged(self.id, role.value))

    def activate(self) -> None:
        self._check_exists()
        if not self.is_active:
            self.raise_event(UserActivated(self.id))

    def deactivate(self) -> None:
        self._check_exists()
        if self.is_active:
            self.raise_event(UserDeactivated(self.id))

    def delete(self, reason: str | None = None) -> None:
        self._check_exists()
        if reason is not None and len(reason) > _LONGEST_REASON:
            message = f"a reason has {_LONGEST_REASON} characters at most"
            raise InvalidReasonError(message)
        self.raise_event(UserDeleted(self.id, self.email.value, reason))

    def on_registered(self, happened: UserRegistered) -> None:
        self.email = Email.recorded(happened.email)
        self.role = UserRole(happened.role)
        self.password_hash = happened.password_hash
        self.is_active = True

    def on_email_changed(self, happened: UserEmailChanged) -> None:
        self.email = Email.recorded(happened.email)

    def on_role_changed(self, happened: UserRoleChanged) -> None:
        self.role = UserRole(happened.role)

    def on_activated(self, _: UserActivated) -> None:
        self.is_active = True

    def on_deactivated(self, _: UserDeactivated) -> None:
        self.is_active = False

    def on_deleted(self, _: UserDeleted) -> None:
        self.is_deleted = True

    def _check_exists(self) -> None:
        if self.is_deleted:
            raise UserNotFoundError(self.id)
