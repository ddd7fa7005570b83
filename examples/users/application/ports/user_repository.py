"""The write port for users."""

from typing import Protocol

from users.domain.user import User, UserId


class UserRepository(Protocol):
    """Loads and saves users as entities."""

    async def load(self, user_id: UserId) -> User:
        """Return a user.

        Raises:
            UserNotFoundError: there is none, or it was deleted.
        """
        ...

    async def save(self, user: User) -> None:
        """Stage what happened to the user: its events, and whatever else keeps it.

        An e-mail address belongs to one user. Somebody who comes second gets an `EmailTakenError`, from here or from
        the commit; somebody who changes what another has changed meanwhile gets a conflict at the commit, and the
        command is tried again.

        Raises:
            EmailTakenError: another user has the e-mail address.
        """
        ...
