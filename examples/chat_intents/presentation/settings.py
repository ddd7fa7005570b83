"""What the environment says."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from chat_intents.infrastructure.adapters.openai_classifier import Endpoint
from chat_intents.infrastructure.composition import make_application
from chat_intents.infrastructure.providers import IntentSettings
from duolog import Application

_IN_MEMORY: Final = "memory://"


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """How the service runs.

    Attributes:
        database_url: keeps the answers of requests with an idempotency key, and of a worker's messages.
        adapters: which are bound.
        secret: keys fingerprints; None takes ``DUOLOG_SECRET``.
    """

    database_url: str = field(repr=False)
    adapters: IntentSettings
    secret: str | None = field(repr=False)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Read an environment.

        Args:
            environment: ``INTENTS_REDIS`` names a Valkey or Redis server for the cache (else it is in memory),
                ``INTENTS_ENDPOINT``, ``INTENTS_MODEL`` and ``INTENTS_API_KEY`` a language model (else the model that
                runs offline), ``INTENTS_DATABASE`` a database (else it is in memory).

        Raises:
            ValueError: there is an endpoint without a model.
        """
        database_url = environment.get("INTENTS_DATABASE") or _IN_MEMORY
        is_kept = database_url != _IN_MEMORY
        secret = environment.get("DUOLOG_SECRET") or (None if is_kept else secrets.token_urlsafe(32))
        return cls(database_url, IntentSettings(environment.get("INTENTS_REDIS", ""), _endpoint(environment)), secret)

    @property
    def is_kept(self) -> bool:
        """Whether the database outlives the process."""
        return self.database_url != _IN_MEMORY

    def make_application(self) -> Application:
        """Make the application, not started yet."""
        return make_application(self.database_url, self.adapters, secret=self.secret)


def _endpoint(environment: Mapping[str, str]) -> Endpoint | None:
    url = environment.get("INTENTS_ENDPOINT", "").rstrip("/")
    if not url:
        return None
    model = environment.get("INTENTS_MODEL", "")
    if not model:
        message = "INTENTS_ENDPOINT needs INTENTS_MODEL, the name of a model there"
        raise ValueError(message)
    return Endpoint(url, model, environment.get("INTENTS_API_KEY", ""))
