"""How errors are answered over HTTP."""

from collections.abc import Mapping
from typing import Final

from chat_intents.domain.errors import ClassifierUnavailableError, UnusableMessageError
from duolog.integrations.fastapi import Problem

INTENT_PROBLEMS: Final[Mapping[type[Exception], Problem]] = {
    ClassifierUnavailableError: Problem(
        503,
        "classifier-unavailable",
        "The classifier gives no answer now",
        headers={"Retry-After": "5"},
        shows_message=False,
    ),
    UnusableMessageError: Problem(422, "unusable-message", "The message holds nothing to classify"),
}
