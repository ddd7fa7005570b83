"""What the environment says."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from chat_intents.infrastructure.adapters.openai_classifier import Endpoint
from chat_intents.infrastructure.adapters.redis_client import is_redis_url
from chat_intents.infrastructure.composition import make_application
from chat_intents.infrastructure.providers import IntentSettings
from duolog import Application
from duolog.errors import ConfigurationError

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
            ConfigurationError: a URL is none, or there is an endpoint without a model.
        """
        database_url = environment.get("INTENTS_DATABASE") or _IN_MEMORY
        is_kept = database_url != _IN_MEMORY
        secret = environment.get("DUOLOG_SECRET") or (None if is_kept else secrets.token_urlsafe(32))
        return cls(database_url, IntentSettings(_redis(environment), _endpoint(environment)), secret)

    @property
    def is_kept(self) -> bool:
        """Whether the database outlives the process."""
        return self.database_url != _IN_MEMORY

    def make_application(self) -> Application:
        """Make the application, not started yet."""
        return make_application(self.database_url, self.adapters, secret=self.secret)


def _redis(environment: Mapping[str, str]) -> str:
    url = environment.get("INTENTS_REDIS", "")
    if url and not is_redis_url(url):
        message = "INTENTS_REDIS is no URL of a Valkey or Redis server"  # it may hold a password
        raise ConfigurationError(message, hint="Write INTENTS_REDIS=redis://127.0.0.1:6379/0, or leave it out.")
    return url


def _endpoint(environment: Mapping[str, str]) -> Endpoint | None:
    url = environment.get("INTENTS_ENDPOINT", "").rstrip("/")
    if not url:
        return None
    if not url.startswith(("http://", "https://")):
        message = "INTENTS_ENDPOINT is no URL of an endpoint"
        raise ConfigurationError(message, hint="Write INTENTS_ENDPOINT=https://llm.example/v1, or leave it out.")
    model = environment.get("INTENTS_MODEL", "")
    if not model:
        message = "INTENTS_ENDPOINT needs INTENTS_MODEL"
        raise ConfigurationError(message, hint="Write INTENTS_MODEL=..., the name of a model there.")
    return Endpoint(url, model, environment.get("INTENTS_API_KEY", ""))
