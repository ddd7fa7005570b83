"""Who may do what: asked by interactors and query services before anything else."""

from uuid import UUID

from duolog import Actor, Metadata, NotAuthenticatedError, NotAuthorizedError
from users.domain.role import UserRole


class Access:
    """What the actor of the current message may do."""

    def __init__(self, metadata: Metadata) -> None:
        self._actor = metadata.actor

    def require_signed_in(self) -> Actor:
        """Return the actor.

        Raises:
            NotAuthenticatedError: there is none.
        """
        if self._actor is None:
            message = "sign in first"
            raise NotAuthenticatedError(message)
        return self._actor

    def require_admin(self) -> None:
        """Refuse everybody but admins.

        Raises:
            NotAuthenticatedError: there is no actor.
            NotAuthorizedError: the actor is no admin.
        """
        if not self.require_signed_in().has_role(UserRole.ADMIN.value):
            message = "only an admin may do this"
            raise NotAuthorizedError(message)

    def require_self_or_admin(self, user_id: UUID) -> None:
        """Refuse everybody but the user and admins.

        Raises:
            NotAuthenticatedError: there is no actor.
            NotAuthorizedError: the actor is another user, and no admin.
        """
        if self.require_signed_in().id != str(user_id):
            self.require_admin()
