"""The users service as a FastAPI application: a line per route."""

from typing import Final

from fastapi import FastAPI

from duolog import Application, NotAuthorizedError
from duolog.integrations.fastapi import BearerTokens, attach
from users.application.commands.create_user import CreateUserCommand
from users.application.commands.delete_user import DeleteUserCommand
from users.application.commands.sign_in import SignInCommand
from users.application.commands.update_user import UpdateUserCommand
from users.application.queries.count_sign_ups import CountSignUpsQuery
from users.application.queries.count_users import CountUsersQuery
from users.application.queries.export_users import ExportUsersQuery
from users.application.queries.get_user import GetUserQuery
from users.application.queries.list_users import ListUsersQuery
from users.application.queries.page_users import PageUsersQuery
from users.application.queries.user_exists import UserExistsQuery
from users.domain.errors import (
    EmailTakenError,
    InvalidUserDataError,
    StaleUserError,
    UserNotFoundError,
    WrongCredentialsError,
)
from users.presentation.live_page import add_live_page
from users.presentation.problems import USER_PROBLEMS
from users.presentation.sessions import open_session

_DESCRIPTION: Final = "Commands change users, queries read them. `Duolog-After` makes a GET see what was just written."


def make_api(app: Application) -> FastAPI:
    """Put the users application behind HTTP.

    Args:
        app: not started yet; the API's lifespan starts and closes it.
    """
    api = FastAPI(title="Users", description=_DESCRIPTION, version="1")
    bearer = BearerTokens(app.secret)
    users = attach(api, app, bearer=bearer, errors=USER_PROBLEMS)

    users.post(
        "/sessions",
        SignInCommand,
        show=open_session(bearer),
        anonymous=True,
        idempotent=False,  # a password that was changed must not open a session again
        raises=[WrongCredentialsError],
    )
    users.post(
        "/users",
        CreateUserCommand,
        location="/users/{id}",
        anonymous=True,
        raises=[EmailTakenError, InvalidUserDataError, NotAuthorizedError],
    )
    users.get(
        "/users",
        ListUsersQuery,
        keyset=PageUsersQuery,
        stream=ExportUsersQuery,
        names={"role_filter": "role"},
        raises=[InvalidUserDataError],
    )
    users.get("/users/{user_id}", GetUserQuery, raises=[UserNotFoundError])
    users.head("/users/{user_id}", UserExistsQuery)
    users.patch(
        "/users/{user_id}",
        UpdateUserCommand,
        raises=[UserNotFoundError, EmailTakenError, StaleUserError, InvalidUserDataError],
    )
    users.delete(
        "/users/{user_id}", DeleteUserCommand, raises=[UserNotFoundError, StaleUserError, InvalidUserDataError]
    )
    users.get("/statistics/roles", CountUsersQuery)
    users.get("/statistics/sign-ups", CountSignUpsQuery)
    add_live_page(api)
    return api
