"""Signing in."""

from dataclasses import dataclass, field

from duolog import Command, command
from users.application.dto.session import SignedInUser
from users.application.ports.credential_gateway import CredentialGateway, Credentials
from users.domain.email import Email
from users.domain.errors import InvalidEmailError, WrongCredentialsError
from users.domain.password import PasswordHasher


@command("user.sign_in")
@dataclass(frozen=True, slots=True)
class SignInCommand(Command[SignedInUser]):
    """A command although nothing is stored: it asks the write model, which knows a user from the first moment."""

    email: str = field(repr=False)
    password: str = field(repr=False)


class SignInInteractor:
    """Recognises a user; every refusal is the same, and takes as long as a success."""

    def __init__(self, credentials: CredentialGateway, hasher: PasswordHasher) -> None:
        self._credentials = credentials
        self._hasher = hasher

    async def execute(self, cmd: SignInCommand) -> SignedInUser:
        """Return whom the credentials belong to.

        Raises:
            WrongCredentialsError: they belong to nobody, or to a user who is not active.
        """
        found = await self._find(cmd.email)
        fits = await self._hasher.verify(cmd.password, found.password_hash if found is not None else None)
        if found is None or not fits or not found.is_active:
            raise WrongCredentialsError
        return SignedInUser(found.user_id, found.role)

    async def _find(self, email: str) -> Credentials | None:
        try:
            return await self._credentials.by_email(Email(email))
        except InvalidEmailError:
            return None
