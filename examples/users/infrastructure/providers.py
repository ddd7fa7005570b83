"""Which adapter stands behind which port."""

from collections.abc import AsyncIterator
from enum import Enum

from dishka import Provider, Scope

from duolog import Cursors, Secret
from users.application.access import Access
from users.application.ports.credential_gateway import CredentialGateway
from users.application.ports.role_statistics_gateway import RoleStatisticsGateway
from users.application.ports.sign_ups_gateway import SignUpsGateway
from users.application.ports.user_query_gateway import UserQueryGateway
from users.application.ports.user_repository import UserRepository
from users.domain.password import PasswordHasher
from users.domain.services import UserService
from users.infrastructure.adapters.argon2_password_hasher import Argon2PasswordHasher
from users.infrastructure.adapters.event_credential_reader import EventCredentialReader
from users.infrastructure.adapters.event_sourced_user_repository import EventSourcedUserRepository
from users.infrastructure.adapters.postgres_role_statistics_reader import PostgresRoleStatisticsReader
from users.infrastructure.adapters.postgres_sign_ups_reader import PostgresSignUpsReader
from users.infrastructure.adapters.postgres_user_reader import PostgresUserReader
from users.infrastructure.adapters.sqlalchemy_user_repository import SqlAlchemyUserRepository
from users.infrastructure.adapters.table_credential_reader import TableCredentialReader


class WriteModel(Enum):
    """How users are kept; nothing but the adapters bound here depends on it."""

    EVENTS = "events"
    TABLES = "tables"


class UsersProvider(Provider):
    """Binds the ports of the users service.

    Args:
        write_model: how users are kept.
    """

    scope = Scope.REQUEST

    def __init__(self, write_model: WriteModel) -> None:
        super().__init__()
        self.provide(_hasher, scope=Scope.APP)
        self.provide(_cursors, scope=Scope.APP)
        self.provide(Access)
        self.provide(UserService)
        self.provide(PostgresUserReader, provides=UserQueryGateway)
        self.provide(PostgresRoleStatisticsReader, provides=RoleStatisticsGateway)
        self.provide(PostgresSignUpsReader, provides=SignUpsGateway)
        match write_model:
            case WriteModel.EVENTS:
                self.provide(EventSourcedUserRepository, provides=UserRepository)
                self.provide(EventCredentialReader, provides=CredentialGateway)
            case WriteModel.TABLES:
                self.provide(SqlAlchemyUserRepository, provides=UserRepository)
                self.provide(TableCredentialReader, provides=CredentialGateway)


async def _hasher() -> AsyncIterator[PasswordHasher]:
    hasher = Argon2PasswordHasher()
    yield hasher
    hasher.close()


def _cursors(secret: Secret) -> Cursors:
    return Cursors.with_secret(secret.value)
