"""The users service on an empty database, and who talks to it."""

from uuid import UUID, uuid4

from duolog import Actor, Application, Metadata
from duolog.testing.applications import TEST_SECRET
from users.application.commands.create_user import CreateUserCommand
from users.application.dto.user import UserDTO
from users.application.queries.get_user import GetUserQuery
from users.domain.user import UserId
from users.infrastructure.composition import make_application
from users.infrastructure.providers import WriteModel
from users.infrastructure.schema import migrate

PASSWORD = "correct horse"


def acting(actor_id: str, *roles: str) -> Metadata:
    """Metadata of a message that the actor sends."""
    return Metadata(actor=Actor(actor_id, frozenset(roles)))


ADMIN = acting("admin-of-tests", "admin")
STRANGER = acting(str(UUID(int=7)), "user")
NOBODY = Metadata()


class Service:
    """The service, and short words for what tests do with it."""

    def __init__(self, app: Application) -> None:
        self.app = app

    async def register(self, email: str | None = None, *, role: str = "user") -> UserId:
        command = CreateUserCommand(email or f"{uuid4()}@example.org", PASSWORD, role)
        return await self.app.execute(command, metadata=ADMIN)

    async def get(self, user_id: UUID) -> UserDTO:
        await self.app.caught_up()
        return await self.app.query(GetUserQuery(user_id), metadata=ADMIN)


def make_service(write_model: WriteModel, *, database_url: str = "memory://") -> Service:
    """The service with a new, empty database; enter its application."""
    if write_model is WriteModel.TABLES:
        migrate(database_url)
    return Service(make_application(database_url, write_model=write_model, secret=TEST_SECRET))
