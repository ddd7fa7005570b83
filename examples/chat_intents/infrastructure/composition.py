"""The service, put together."""

from chat_intents.application.commands.classify_intent import ClassifyIntentCommand, ClassifyIntentInteractor
from chat_intents.infrastructure.providers import IntentSettings, IntentsProvider
from duolog import Application


def make_application(
    database_url: str, settings: IntentSettings | None = None, *, secret: str | bytes | None = None
) -> Application:
    """Make the application; `async with` starts it.

    Args:
        database_url: keeps the answers of requests with an idempotency key, like ``sqlite:///intents.db``.
        settings: which adapters are bound; None takes those that need nothing.
        secret: keys fingerprints; None takes ``DUOLOG_SECRET``.
    """
    return Application(
        "chat_intents",
        database=database_url,
        handlers=[ClassifyIntentCommand.handled_by(ClassifyIntentInteractor)],
        providers=[IntentsProvider(settings or IntentSettings())],
        secret=secret,
    )
