"""Reminding users who do nothing after they came."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from duolog import Process, ProcessManager
from users.application.commands.send_reminder import SendReminderCommand
from users.domain.events import (
    UserActivated,
    UserDeactivated,
    UserDeleted,
    UserEmailChanged,
    UserRegistered,
    UserRoleChanged,
)

PATIENCE: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Welcome:
    """What is remembered of a user: how often something has happened."""

    changes: int = 0


class WelcomeUsers(ProcessManager[Welcome]):
    """Reminds a user once who has been inactive for 30 days; whatever happens to the user begins the time anew."""

    name, key = "welcome_users", "user_id"

    async def on_registered(self, event: UserRegistered, process: Process[Welcome]) -> None:  # noqa: ARG002 - only that
        process.state = Welcome()
        process.set_deadline("inactive", after=PATIENCE)

    async def on_activity(
        self,
        event: UserEmailChanged | UserRoleChanged | UserActivated,  # noqa: ARG002 - only that it happened
        process: Process[Welcome],
    ) -> None:
        if process.state is not None:
            process.state = Welcome(process.state.changes + 1)
            process.set_deadline("inactive", after=PATIENCE)

    async def on_gone(self, event: UserDeactivated | UserDeleted, process: Process[Welcome]) -> None:  # noqa: ARG002 - as above
        process.complete()

    async def on_deadline_inactive(self, process: Process[Welcome]) -> None:
        process.send(SendReminderCommand(process.key))
        process.complete()
