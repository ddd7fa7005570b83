"""What can be wrong with a request, in the words of the domain."""

from uuid import UUID


class UserError(Exception):
    """Base of the domain's errors."""


class InvalidUserDataError(UserError, ValueError):
    """A value cannot be a user's.

    Attributes:
        field: what it was meant for, like ``email``.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class InvalidEmailError(InvalidUserDataError):
    """A text is not an e-mail address."""

    def __init__(self, message: str) -> None:
        super().__init__("email", message)


class UnknownRoleError(InvalidUserDataError):
    """A text is not the name of a role."""

    def __init__(self, message: str) -> None:
        super().__init__("role", message)


class InvalidReasonError(InvalidUserDataError):
    """A reason is too long."""

    def __init__(self, message: str) -> None:
        super().__init__("reason", message)


class WeakPasswordError(InvalidUserDataError):
    """A password is too short or too long."""

    def __init__(self, message: str) -> None:
        super().__init__("password", message)


class EmailTakenError(UserError):
    """Another user has this e-mail address."""

    def __init__(self) -> None:
        super().__init__("another user has this e-mail address")


class UserNotFoundError(UserError, LookupError):
    """There is no such user, or not any more.

    Attributes:
        user_id: who was looked for.
    """

    def __init__(self, user_id: UUID) -> None:
        super().__init__(f"there is no user {user_id}")
        self.user_id = user_id


class StaleUserError(UserError):
    """The user was changed since the client looked.

    Attributes:
        expected: the version that the client saw.
        actual: the version that the user has.
    """

    def __init__(self, *, expected: int, actual: int) -> None:
        super().__init__(f"the user has version {actual}, not {expected}")
        self.expected = expected
        self.actual = actual


class WrongCredentialsError(UserError):
    """E-mail address and password do not fit an active user; which of them is wrong is not told."""

    def __init__(self) -> None:
        super().__init__("the e-mail address or the password is wrong")
