"""The service as a FastAPI application."""

from typing import Final

from fastapi import FastAPI

from chat_intents.application.commands.classify_intent import ClassifyIntentCommand
from chat_intents.domain.errors import ClassifierUnavailableError, UnusableMessageError
from chat_intents.presentation.answers import intent_answer
from chat_intents.presentation.problems import INTENT_PROBLEMS
from duolog import Application
from duolog.integrations.fastapi import attach

MOST_BYTES: Final = 16_384  # the longest message and ids, with every character escaped


def make_api(app: Application) -> FastAPI:
    """Put the application behind HTTP.

    Args:
        app: not started yet; the API's lifespan starts and closes it.
    """
    api = FastAPI(title="Chat intents", description="Tells what a message wants, in Korean and English.", version="1")
    intents = attach(api, app, errors=INTENT_PROBLEMS, max_body_bytes=MOST_BYTES)
    intents.post(
        "/intents",
        ClassifyIntentCommand,
        show=intent_answer,
        anonymous=True,  # whoever puts it on a network puts it behind what knows its users
        raises=[ClassifierUnavailableError, UnusableMessageError],
    )
    return api
