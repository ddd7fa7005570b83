"""The users service, put together."""

from dishka import Provider

from duolog import Application
from duolog.adapters.sqlalchemy import SqlAlchemyProvider
from users.application.commands.create_user import CreateUserCommand, CreateUserInteractor
from users.application.commands.delete_user import DeleteUserCommand, DeleteUserInteractor
from users.application.commands.send_reminder import SendReminderCommand, SendReminderInteractor
from users.application.commands.sign_in import SignInCommand, SignInInteractor
from users.application.commands.update_user import UpdateUserCommand, UpdateUserInteractor
from users.application.processes.welcome_users import WelcomeUsers
from users.application.queries.count_sign_ups import CountSignUpsQuery, CountSignUpsQueryService
from users.application.queries.count_users import CountUsersQuery, CountUsersQueryService
from users.application.queries.export_users import ExportUsersQuery, ExportUsersQueryService
from users.application.queries.get_user import GetUserQuery, GetUserQueryService
from users.application.queries.list_users import ListUsersQuery, ListUsersQueryService
from users.application.queries.page_users import PageUsersQuery, PageUsersQueryService
from users.application.queries.user_exists import UserExistsQuery, UserExistsQueryService
from users.domain import events
from users.domain.errors import EmailTakenError
from users.infrastructure.models import EMAIL_IS_UNIQUE
from users.infrastructure.projections.role_projection import RoleProjection
from users.infrastructure.projections.sign_ups_view import SignUpsView
from users.infrastructure.projections.user_projection import UserProjection
from users.infrastructure.providers import UsersProvider, WriteModel
from users.infrastructure.schema import tables_in_memory


def make_application(
    database_url: str, *, write_model: WriteModel = WriteModel.EVENTS, secret: str | bytes | None = None
) -> Application:
    """Make the application; `async with` starts it.

    Args:
        database_url: like ``sqlite:///users.db``, ``postgresql://...`` or ``memory://``; for the write model ``tables``
            `schema.migrate` makes and changes its tables before.
        write_model: how users are kept.
        secret: signs cursors and tokens; None takes ``DUOLOG_SECRET``.
    """
    reads = [UserProjection]
    return Application(
        "users",
        database=database_url,
        handlers=[
            CreateUserCommand.handled_by(CreateUserInteractor),
            UpdateUserCommand.handled_by(UpdateUserInteractor),
            DeleteUserCommand.handled_by(DeleteUserInteractor),
            SignInCommand.handled_by(SignInInteractor),
            SendReminderCommand.handled_by(SendReminderInteractor),
            GetUserQuery.handled_by(GetUserQueryService, reads=reads),
            UserExistsQuery.handled_by(UserExistsQueryService, reads=reads),
            ListUsersQuery.handled_by(ListUsersQueryService, reads=reads),
            PageUsersQuery.handled_by(PageUsersQueryService, reads=reads),
            ExportUsersQuery.handled_by(ExportUsersQueryService, reads=reads),
            CountUsersQuery.handled_by(CountUsersQueryService, reads=[RoleProjection]),
            CountSignUpsQuery.handled_by(CountSignUpsQueryService, reads=[SignUpsView]),
        ],
        projections=[UserProjection, RoleProjection],
        materialized_views=[SignUpsView],
        processes=[WelcomeUsers],
        providers=[UsersProvider(write_model), *_sessions(write_model)],
        events=[events],
        tables=tables_in_memory(database_url) if write_model is WriteModel.TABLES else {},
        secret=secret,
    )


def _sessions(write_model: WriteModel) -> list[Provider]:
    if write_model is not WriteModel.TABLES:
        return []
    return [SqlAlchemyProvider(errors={EMAIL_IS_UNIQUE: EmailTakenError})]
