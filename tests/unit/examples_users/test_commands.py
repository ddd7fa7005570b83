import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest

from duolog import Command, ConflictError, Metadata, NotAuthenticatedError, NotAuthorizedError
from tests.unit.examples_users.service import ADMIN, NOBODY, PASSWORD, STRANGER, Service, acting
from users.application.commands.create_user import CreateUserCommand
from users.application.commands.delete_user import DeleteUserCommand
from users.application.commands.update_user import UpdateResult, UpdateUserCommand
from users.domain.errors import (
    EmailTakenError,
    InvalidEmailError,
    StaleUserError,
    UnknownRoleError,
    UserNotFoundError,
    WeakPasswordError,
)

EMAIL = "ada@example.org"


async def outcomes(*attempts: "asyncio.Future[object] | asyncio.Task[object]") -> Counter[str]:
    """Count what came of attempts that ran side by side: the class of the result or of the error."""
    results = await asyncio.gather(*attempts, return_exceptions=True)
    return Counter(type(result).__name__ for result in results)


# --- create ---------------------------------------------------------------------------------------------------


async def test_anyone_may_register_as_a_plain_user(service: Service) -> None:
    receipt = await service.app.execute_with_receipt(CreateUserCommand(" Ada@Example.org", PASSWORD), metadata=NOBODY)
    assert receipt.versions == {f"user-{receipt.result}": 1}
    user = await service.get(receipt.result)
    assert (user.email, user.role, user.is_active, user.version) == (EMAIL, "user", True, 1)


async def test_another_role_is_given_by_admins_only(service: Service) -> None:
    command = CreateUserCommand(EMAIL, PASSWORD, "admin")
    with pytest.raises(NotAuthenticatedError):
        await service.app.execute(command, metadata=NOBODY)
    with pytest.raises(NotAuthorizedError):
        await service.app.execute(command, metadata=STRANGER)
    user_id = await service.app.execute(command, metadata=ADMIN)
    assert (await service.get(user_id)).role == "admin"


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (CreateUserCommand("no address", PASSWORD), InvalidEmailError),
        (CreateUserCommand(EMAIL, "short"), WeakPasswordError),
        (CreateUserCommand(EMAIL, PASSWORD, "root"), UnknownRoleError),
    ],
)
async def test_bad_input_is_refused_and_nothing_is_recorded(
    service: Service, command: CreateUserCommand, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await service.app.execute(command, metadata=NOBODY)
    assert await service.app.database.store.head() == 0


async def test_an_address_belongs_to_one_user(service: Service) -> None:
    await service.register(EMAIL)
    with pytest.raises(EmailTakenError):
        await service.register("ADA@example.org")
    other = await service.register()
    with pytest.raises(EmailTakenError):
        await service.app.execute(UpdateUserCommand(other, email=EMAIL), metadata=ADMIN)
    assert await service.app.database.store.head() == 2


async def test_of_many_who_register_one_address_at_once_one_gets_it(service: Service) -> None:
    attempts = (asyncio.create_task(service.register(EMAIL)) for _ in range(8))
    assert await outcomes(*attempts) == {"UUID": 1, "EmailTakenError": 7}


async def test_of_many_who_change_to_one_address_at_once_one_gets_it(service: Service) -> None:
    users = [await service.register() for _ in range(6)]
    changes = (service.app.execute(UpdateUserCommand(user, email=EMAIL), metadata=ADMIN) for user in users)
    assert await outcomes(*map(asyncio.ensure_future, changes)) == {"UpdateResult": 1, "EmailTakenError": 5}


async def test_a_left_or_deleted_address_is_free_again(service: Service) -> None:
    first = await service.register(EMAIL)
    await service.app.execute(UpdateUserCommand(first, email="new@example.org"), metadata=ADMIN)
    second = await service.register(EMAIL)
    await service.app.execute(DeleteUserCommand(second), metadata=ADMIN)
    third = await service.register(EMAIL)
    assert (await service.get(third)).email == EMAIL


# --- update ---------------------------------------------------------------------------------------------------


async def test_all_fields_change_in_one_command(service: Service) -> None:
    user_id = await service.register()
    command = UpdateUserCommand(user_id, email=EMAIL, role="moderator", is_active=False, expected_version=1)
    assert await service.app.execute(command, metadata=ADMIN) == UpdateResult(updated=True, version=4)
    user = await service.get(user_id)
    assert (user.email, user.role, user.is_active, user.version) == (EMAIL, "moderator", False, 4)


async def test_changes_add_up_over_several_commands(service: Service) -> None:
    user_id = await service.register()
    for is_active, version in [(False, 2), (True, 3), (False, 4)]:
        result = await service.app.execute(UpdateUserCommand(user_id, is_active=is_active), metadata=ADMIN)
        assert result == UpdateResult(updated=True, version=version)
    assert not (await service.get(user_id)).is_active


async def test_what_changes_nothing_is_not_recorded(service: Service) -> None:
    user_id = await service.register(EMAIL)
    for command in (
        UpdateUserCommand(user_id),
        UpdateUserCommand(user_id, email="ADA@example.org", role="user", is_active=True),
    ):
        assert await service.app.execute(command, metadata=ADMIN) == UpdateResult(updated=False, version=1)
    assert await service.app.database.store.head() == 1


async def test_a_stale_version_is_refused_with_the_present_one(service: Service) -> None:
    user_id = await service.register()
    await service.app.execute(UpdateUserCommand(user_id, role="moderator"), metadata=ADMIN)
    with pytest.raises(StaleUserError) as refused:
        await service.app.execute(UpdateUserCommand(user_id, is_active=False, expected_version=1), metadata=ADMIN)
    assert (refused.value.expected, refused.value.actual) == (1, 2)
    assert (await service.get(user_id)).is_active


async def test_of_many_updates_with_one_expected_version_one_succeeds(service: Service) -> None:
    user_id = await service.register()
    commands = (UpdateUserCommand(user_id, email=f"{number}@example.org", expected_version=1) for number in range(10))
    attempts = (asyncio.ensure_future(service.app.execute(command, metadata=ADMIN)) for command in commands)
    assert await outcomes(*attempts) == {"UpdateResult": 1, "StaleUserError": 9}


async def test_updates_of_one_user_at_once_succeed_or_conflict_and_leave_no_gap(service: Service) -> None:
    user_id = await service.register()
    commands = [UpdateUserCommand(user_id, email=f"{number}@example.org") for number in range(100)]
    attempts = (service.app.execute(command, metadata=ADMIN) for command in commands)
    results = await asyncio.gather(*attempts, return_exceptions=True)
    versions = sorted(result.version for result in results if isinstance(result, UpdateResult))
    conflicts = [result for result in results if isinstance(result, ConflictError)]
    assert versions == list(range(2, 2 + len(versions)))
    assert len(versions) + len(conflicts) == 100
    recorded = await service.app.database.store.read_stream(f"user-{user_id}")
    assert [event.version for event in recorded] == list(range(1, len(versions) + 2))
    assert (await service.get(user_id)).version == len(recorded)


async def test_users_change_their_own_address_and_nothing_else(service: Service) -> None:
    user_id = await service.register()
    themselves = acting(str(user_id), "user")
    result = await service.app.execute(UpdateUserCommand(user_id, email=EMAIL), metadata=themselves)
    assert result == UpdateResult(updated=True, version=2)
    refused: list[Command[Any]] = [
        UpdateUserCommand(user_id, role="admin"),
        UpdateUserCommand(user_id, is_active=False),
        UpdateUserCommand(user_id, email="other@example.org", is_active=False),
        DeleteUserCommand(user_id),
    ]
    for command in refused:
        with pytest.raises(NotAuthorizedError):
            await service.app.execute(command, metadata=themselves)
    assert (await service.get(user_id)).version == 2


@pytest.mark.parametrize(("metadata", "error"), [(NOBODY, NotAuthenticatedError), (STRANGER, NotAuthorizedError)])
async def test_others_may_change_nothing_and_do_not_learn_who_exists(
    service: Service, metadata: Metadata, error: type[Exception]
) -> None:
    for user_id in (await service.register(), uuid4()):
        refused: list[Command[Any]] = [
            UpdateUserCommand(user_id, email=EMAIL),
            UpdateUserCommand(user_id),
            DeleteUserCommand(user_id),
        ]
        for command in refused:
            with pytest.raises(error):
                await service.app.execute(command, metadata=metadata)


# --- delete ---------------------------------------------------------------------------------------------------


async def test_only_the_version_that_was_named_is_deleted(service: Service) -> None:
    user_id = await service.register()
    with pytest.raises(StaleUserError):
        await service.app.execute(DeleteUserCommand(user_id, expected_version=9), metadata=ADMIN)
    assert (await service.get(user_id)).version == 1
    await service.app.execute(DeleteUserCommand(user_id, expected_version=1), metadata=ADMIN)
    with pytest.raises(UserNotFoundError):
        await service.get(user_id)


async def test_a_deleted_user_is_gone_for_commands_and_queries(service: Service) -> None:
    user_id = await service.register()
    await service.app.execute(DeleteUserCommand(user_id, "asked for it"), metadata=ADMIN)
    with pytest.raises(UserNotFoundError):
        await service.get(user_id)
    refused: list[Command[Any]] = [UpdateUserCommand(user_id, email=EMAIL), DeleteUserCommand(user_id)]
    for command in refused:
        with pytest.raises(UserNotFoundError):
            await service.app.execute(command, metadata=ADMIN)


async def test_of_many_who_delete_a_user_at_once_one_does(service: Service) -> None:
    user_id = await service.register()
    attempts = (
        asyncio.ensure_future(service.app.execute(DeleteUserCommand(user_id), metadata=ADMIN)) for _ in range(5)
    )
    assert await outcomes(*attempts) == {"NoneType": 1, "UserNotFoundError": 4}


# --- what is kept ---------------------------------------------------------------------------------------------


async def test_both_write_models_record_the_same_events(service: Service) -> None:
    user_id = await service.register(EMAIL)
    await service.app.execute(UpdateUserCommand(user_id, email="new@example.org", role="admin"), metadata=ADMIN)
    await service.app.execute(DeleteUserCommand(user_id), metadata=ADMIN)
    recorded = await service.app.database.store.read_stream(f"user-{user_id}")
    assert [event.type for event in recorded] == [
        "user.registered",
        "user.email_changed",
        "user.role_changed",
        "user.deleted",
    ]


async def test_passwords_are_neither_recorded_nor_shown(service: Service) -> None:
    assert PASSWORD not in repr(CreateUserCommand(EMAIL, PASSWORD))
    user_id = await service.register(EMAIL)
    [recorded] = await service.app.database.store.read_stream(f"user-{user_id}")
    assert PASSWORD.encode() not in recorded.data
    assert b"$argon2id$" in recorded.data


async def test_tags_of_addresses_do_not_show_them(service: Service) -> None:
    user_id = await service.register(EMAIL)
    [recorded] = await service.app.database.store.read_stream(f"user-{user_id}")
    assert len(recorded.tags) == 1
    assert EMAIL not in recorded.tags[0]
