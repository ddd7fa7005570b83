from collections.abc import Sequence

import pytest

from tests.unit.examples_users.service import ADMIN, NOBODY, PASSWORD, Service
from users.application.commands.delete_user import DeleteUserCommand
from users.application.commands.sign_in import SignInCommand, SignInInteractor
from users.application.commands.update_user import UpdateUserCommand
from users.application.ports.credential_gateway import Credentials
from users.domain.email import Email
from users.domain.errors import WrongCredentialsError

EMAIL = "ada@example.org"


async def test_a_user_can_sign_in_as_soon_as_the_registration_is_acknowledged(service: Service) -> None:
    user_id = await service.register(EMAIL, role="moderator")
    signed_in = await service.app.execute(SignInCommand(" ADA@example.org", PASSWORD), metadata=NOBODY)
    assert (signed_in.id, signed_in.role) == (user_id, "moderator")


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "wrong horse"),
        (EMAIL, ""),
        (EMAIL, PASSWORD + "x" * 10_000),
        ("nobody@example.org", PASSWORD),
        ("no address", PASSWORD),
    ],
)
async def test_every_refusal_is_the_same(service: Service, email: str, password: str) -> None:
    await service.register(EMAIL)
    with pytest.raises(WrongCredentialsError) as refused:
        await service.app.execute(SignInCommand(email, password), metadata=NOBODY)
    assert str(refused.value) == "the e-mail address or the password is wrong"


async def test_signing_in_follows_every_change_at_once(service: Service) -> None:
    user_id = await service.register(EMAIL)

    async def can_sign_in(email: str) -> bool:
        try:
            return (await service.app.execute(SignInCommand(email, PASSWORD), metadata=NOBODY)).id == user_id
        except WrongCredentialsError:
            return False

    await service.app.execute(UpdateUserCommand(user_id, is_active=False), metadata=ADMIN)
    assert not await can_sign_in(EMAIL)
    await service.app.execute(UpdateUserCommand(user_id, is_active=True, email="new@example.org"), metadata=ADMIN)
    assert not await can_sign_in(EMAIL)
    assert await can_sign_in("new@example.org")
    await service.app.execute(DeleteUserCommand(user_id), metadata=ADMIN)
    assert not await can_sign_in("new@example.org")


async def test_signing_in_records_nothing(service: Service) -> None:
    await service.register(EMAIL)
    receipt = await service.app.execute_with_receipt(SignInCommand(EMAIL, PASSWORD), metadata=NOBODY)
    assert (receipt.position, await service.app.database.store.head()) == (0, 1)


class OneUser:
    """A `CredentialGateway` that knows one user."""

    def __init__(self, known: Credentials) -> None:
        self._known = known

    async def by_email(self, email: Email) -> Credentials | None:
        return self._known if email == Email(EMAIL) else None


class CountingHasher:
    """A `PasswordHasher` that remembers what it was asked to verify."""

    def __init__(self) -> None:
        self.verified: list[str | None] = []

    async def hash(self, password: str) -> str:
        return password

    async def verify(self, password: str, password_hash: str | None) -> bool:
        self.verified.append(password_hash)
        return password == password_hash


@pytest.mark.parametrize(
    ("email", "is_active", "verified"),
    [
        (EMAIL, True, ["the hash"]),
        (EMAIL, False, ["the hash"]),
        ("nobody@example.org", True, [None]),
        ("no address", True, [None]),
    ],
    ids=["known", "inactive", "unknown", "no address"],
)
async def test_every_refusal_costs_exactly_one_hash(
    service: Service, *, email: str, is_active: bool, verified: Sequence[str | None]
) -> None:
    user_id = await service.register()
    hasher = CountingHasher()
    interactor = SignInInteractor(OneUser(Credentials(user_id, "user", is_active, "the hash")), hasher)
    with pytest.raises(WrongCredentialsError):
        await interactor.execute(SignInCommand(email, "wrong horse"))
    assert hasher.verified == verified


def test_neither_command_nor_credentials_show_a_password() -> None:
    assert PASSWORD not in repr(SignInCommand(EMAIL, PASSWORD))
