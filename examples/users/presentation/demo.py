"""What `duolog demo` does around serving `users.presentation.api:api`: fills users in, and says what to try."""

import asyncio
import secrets
import shlex
from collections.abc import Callable
from typing import Final

from duolog import Application, Metadata
from users.application.commands.create_user import CreateUserCommand
from users.application.commands.update_user import UpdateUserCommand
from users.application.dto.user import UserDTO
from users.application.queries.page_users import PageUsersQuery
from users.domain.errors import EmailTakenError
from users.domain.role import UserRole
from users.domain.user import UserId
from users.presentation.data_directory import DemoSettings

FIRST_USERS: Final = 200

Progress = Callable[[int, int], None]

_AT_ONCE: Final = 8
_PAGE: Final = 200


async def fill(settings: DemoSettings, on_progress: Progress, *, count: int = FIRST_USERS) -> None:
    """Fill the database with users on its first start; a start that was interrupted is gone on with.

    Args:
        settings: of `prepare`; nothing may serve the same database meanwhile.
        on_progress: called with how many users are there, and how many there will be; not at all if nothing is to do.
        count: how many users.
    """
    if settings.filled_file.exists():
        return
    async with settings.make_application() as app:
        await seed(app, count, on_progress, metadata=Metadata(actor=settings.admin))
    settings.filled_file.touch(mode=0o600)


async def seed(app: Application, count: int, on_progress: Progress, *, metadata: Metadata) -> None:
    """Register made-up users; those that are there already are left alone, so it may be done again.

    Nobody knows their passwords. Every tenth is a moderator, every seventh is not active.

    Args:
        app: running.
        count: how many users.
        on_progress: called with how many are there, and ``count``.
        metadata: of an admin.
    """
    await app.caught_up()
    known = await _known_users(app, metadata)
    numbers = iter(range(1, count + 1))
    done = 0

    async def work() -> None:
        nonlocal done
        for number in numbers:
            await _ensure_user(app, number, known.get(_email(number)), metadata)
            done += 1
            on_progress(done, count)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(work())
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None  # the others fail for the same reason, and a person reads one


def commands_to_paste(url: str, settings: DemoSettings, *, program: str = "duolog") -> list[tuple[str, str]]:
    """Return five commands for a POSIX shell with curl, each with what it shows.

    They are pasted in this order: later ones use what the first one was answered with.

    Args:
        url: where the API is served, without a slash at the end.
        settings: of `prepare`.
        program: how the command line is called.
    """
    address = f"user-{secrets.token_hex(3)}@example.com"
    token = shlex.quote(str(settings.admin_token_file.absolute()))
    admin, json = f'-H "Authorization: Bearer $(cat {token})"', "-H 'Content-Type: application/json'"
    one = f'{url}"$(header location)"'
    register = (
        f'created=$(curl -si {url}/users {json} -d \'{{"email": "{address}", "password": "correct horse battery"}}\')\n'
        """header() { echo "$created" | tr -d '\\r' | awk -v name="$1:" 'tolower($1) == name {print $2}'; }\n"""
        'echo "$created"'
    )
    return [
        ("Register a user", register),
        (
            "Read it back, from a view that is not older than the registration",
            f'curl -si {one} {admin} -H "Duolog-After: $(header duolog-position)"',
        ),
        ("List users", f"curl -si '{url}/users?limit=3&sort_by=email&sort_order=asc&is_active=true' {admin}"),
        (
            "Change the user, unless somebody else has; paste it twice, and the second one is stale",
            f'curl -si -X PATCH {one} {admin} {json} -H "If-Match: $(header etag)" -d \'{{"role": "moderator"}}\'',
        ),
        ("Follow the events", f"{program} events {_database(settings)} --follow"),
    ]


def _database(settings: DemoSettings) -> str:
    if settings.shown_database_url == settings.database_url:
        return shlex.quote(settings.database_url)
    return f'"$(cat {shlex.quote(str(settings.database_url_file.absolute()))})"'


async def _known_users(app: Application, metadata: Metadata) -> dict[str, UserDTO]:
    known: dict[str, UserDTO] = {}
    cursor: str | None = None
    while True:
        page = await app.query(PageUsersQuery(cursor=cursor, limit=_PAGE, sort_by="email"), metadata=metadata)
        known.update((user.email, user) for user in page.items)
        cursor = page.next_cursor
        if cursor is None:
            return known


async def _ensure_user(app: Application, number: int, known: UserDTO | None, metadata: Metadata) -> None:
    if known is None:
        role = UserRole.MODERATOR if number % 10 == 0 else UserRole.USER
        create = CreateUserCommand(_email(number), secrets.token_urlsafe(16), role.value)
        try:
            user_id = await app.execute(create, metadata=metadata)
        except EmailTakenError:
            return  # somebody else fills the same database
        is_active = True
    else:
        user_id, is_active = UserId(known.id), known.is_active
    if number % 7 == 0 and is_active:
        await app.execute(UpdateUserCommand(user_id, is_active=False), metadata=metadata)


def _email(number: int) -> str:
    return f"user{number:03}@example.com"
