"""How the domain's errors are answered over HTTP."""

from collections.abc import Mapping
from typing import Final

from duolog.integrations.fastapi import Problem
from users.domain.errors import (
    EmailTakenError,
    InvalidUserDataError,
    StaleUserError,
    UserNotFoundError,
    WrongCredentialsError,
)

USER_PROBLEMS: Final[Mapping[type[Exception], Problem]] = {
    EmailTakenError: Problem(409, "email-taken", "The e-mail address is taken"),
    InvalidUserDataError: Problem(
        422, "invalid-user-data", "A value cannot be a user's", members=lambda error: {"field": error.field}
    ),
    StaleUserError: Problem(412, "stale-user", "The user has changed since; read it again"),
    UserNotFoundError: Problem(404, "user-not-found", "There is no such user"),
    WrongCredentialsError: Problem(
        401, "wrong-credentials", "The e-mail address or the password is wrong", headers={"WWW-Authenticate": "Bearer"}
    ),
}
