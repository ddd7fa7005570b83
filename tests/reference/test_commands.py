import logging

import pytest

from duolog import Application
from duolog.errors import ConstraintViolationError
from duolog.testing import application
from tests.reference import classify_intent, create_user, event_sourced_user
from tests.reference.create_user import CREATE_USER, USERS_TABLE, CreateUserCommand, CreateUserInteractor, UserCreated


def users(url: str) -> Application:
    return application(CREATE_USER, database=url, providers=[create_user.UsersProvider()], tables=USERS_TABLE)


async def emails(app: Application) -> list[str]:
    reader = app.database.open_reader()
    try:
        return [row["email"] for row in await reader.fetch("SELECT email FROM users ORDER BY email")]
    finally:
        await reader.close()


async def recorded(app: Application) -> list[object]:
    stored = (await app.database.store.read_all()).events
    return [event for each in stored for event in app.codec.decode_all(each)]


# --- the interactor with a transaction manager and a publisher ----------------------------------------------------


async def test_the_row_and_the_event_published_after_commit_are_recorded_together(url: str) -> None:
    async with users(url) as app:
        receipt = await app.execute_bound_with_receipt(CREATE_USER, CreateUserCommand("a@example.com", "secret"))

        assert await emails(app) == ["a@example.com"]
        assert await recorded(app) == [UserCreated(user_id=receipt.result)]
        assert receipt.versions == {f"user_notices-{receipt.result}": 1}


async def test_an_event_published_after_commit_is_not_recorded_if_the_row_is_refused(url: str) -> None:
    async with users(url) as app:
        await app.execute_bound(CREATE_USER, CreateUserCommand("a@example.com", "secret"))
        with pytest.raises(ConstraintViolationError):
            await app.execute_bound(CREATE_USER, CreateUserCommand("a@example.com", "another"))

        assert await emails(app) == ["a@example.com"]
        assert len(await recorded(app)) == 1


async def test_injected_outside_the_pipeline_it_commits_at_once_and_publishes_after_it(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with users(url) as app:
        async with app.container() as scope:
            interactor = await scope.get(CreateUserInteractor)
            user_id = await interactor.execute(CreateUserCommand("a@example.com", "secret"))
            # The scope is still open: what commit() did is durable already.
            assert await emails(app) == ["a@example.com"]

        assert await recorded(app) == [UserCreated(user_id=user_id)]
        assert not [record for record in caplog.records if record.name == "duolog.container"]


async def test_outside_the_pipeline_uncommitted_work_is_rolled_back_with_a_warning(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with users(url) as app:
        async with app.container() as scope:
            repository = await scope.get(create_user.UserRepository)
            user = await create_user.UserService().create_user(
                email=create_user.Email("a@example.com"), raw_password="secret", role=create_user.UserRole.USER
            )
            await repository.save(user)

        assert await emails(app) == []
        warnings = [record for record in caplog.records if record.name == "duolog.container"]
        assert [(warning.levelno, "rolled back" in warning.getMessage()) for warning in warnings] == [
            (logging.WARNING, True)
        ]


# --- the event-sourced interactor without a transaction manager ---------------------------------------------------


async def test_a_scope_without_a_transaction_manager_records_what_was_saved_and_the_projection_shows_it(
    url: str,
) -> None:
    app = application(
        event_sourced_user.CREATE_USER,
        database=url,
        providers=[event_sourced_user.UsersProvider()],
        projections=[event_sourced_user.UserProjection],
    )
    async with app:
        command = event_sourced_user.CreateUserCommand("a@example.com", "secret")
        receipt = await app.execute_bound_with_receipt(event_sourced_user.CREATE_USER, command)
        await app.caught_up()

        assert receipt.versions == {f"user-{receipt.result}": 1}
        reader = app.database.open_reader()
        rows = await reader.fetch("SELECT id, email FROM users_view")
        await reader.close()
        assert [dict(row) for row in rows] == [{"id": str(receipt.result), "email": "a@example.com"}]


# --- the cached classifier ----------------------------------------------------------------------------------------


async def test_a_cache_of_the_application_is_hit_by_the_second_command_and_nothing_is_recorded(url: str) -> None:
    classifier = classify_intent.FirstWordClassifier()
    app = application(
        classify_intent.CLASSIFY_INTENT, database=url, providers=[classify_intent.IntentProvider(classifier)]
    )
    command = classify_intent.ClassifyIntentCommand("refund my order", "conversation", "user")
    async with app:
        first = await app.execute_bound_with_receipt(classify_intent.CLASSIFY_INTENT, command)
        second = await app.execute_bound_with_receipt(classify_intent.CLASSIFY_INTENT, command)

        assert first.result == second.result == classify_intent.IntentResult("refund")
        assert classifier.asked == ["refund my order"]
        assert (first.position, first.token) == (0, None)
        assert await app.database.store.head() == 0
