"""What the environment says, and what the service is made of."""

import os
import subprocess
import sys

import pytest

from chat_intents.infrastructure.adapters.openai_classifier import Endpoint
from chat_intents.infrastructure.composition import make_application
from chat_intents.infrastructure.providers import IntentSettings
from chat_intents.presentation.settings import ServiceSettings
from chat_intents.work import work
from duolog.admin.checks.all_rules import check_application
from duolog.application.structure import structure_of
from duolog.errors import ConfigurationError, MissingSecretError


def test_without_settings_nothing_is_needed() -> None:
    """Everything is in memory, and the secret is made up."""
    settings = ServiceSettings.of({})
    assert settings.adapters == IntentSettings()
    assert not settings.is_kept
    assert len(settings.make_application().secret) >= 16


def test_an_endpoint_has_a_model_and_a_key() -> None:
    """The key and the URLs, which may hold passwords, are not shown."""
    given = {
        "INTENTS_ENDPOINT": "http://llm:8080/v1/",
        "INTENTS_MODEL": "tiny",
        "INTENTS_API_KEY": "canary-key",
        "INTENTS_REDIS": "redis://:canary-password@cache/0",
        "INTENTS_DATABASE": "postgresql://me:canary-word@db/intents",
        "DUOLOG_SECRET": "canary-secret-of-tests",
    }
    settings = ServiceSettings.of(given)
    assert settings.adapters.endpoint == Endpoint("http://llm:8080/v1", "tiny", "canary-key")
    assert settings.is_kept
    assert "canary" not in repr(settings)


def test_an_endpoint_without_a_model_is_refused() -> None:
    """Before anything is served."""
    with pytest.raises(ConfigurationError, match="INTENTS_MODEL"):
        ServiceSettings.of({"INTENTS_ENDPOINT": "http://llm/v1"})


@pytest.mark.parametrize("name", ["INTENTS_REDIS", "INTENTS_ENDPOINT"])
@pytest.mark.parametrize("url", ["nonsense", "ftp://canary-host/0", "canary:6379"])
def test_what_is_no_url_is_refused_without_being_shown(name: str, url: str) -> None:
    """Before anything is served: the first request would find it out otherwise."""
    with pytest.raises(ConfigurationError, match=f"{name} is no URL") as refused:
        ServiceSettings.of({name: url, "INTENTS_MODEL": "tiny"})
    assert "canary" not in str(refused.value)


def test_a_database_that_is_kept_needs_a_secret_that_is_kept() -> None:
    """One that was made up would not know the keys of yesterday."""
    with pytest.raises(MissingSecretError):
        ServiceSettings.of({"INTENTS_DATABASE": "sqlite:///intents.db"}).make_application()


@pytest.mark.parametrize(
    ("given", "missing"),
    [({}, "INTENTS_REDIS"), ({"INTENTS_REDIS": "redis://127.0.0.1:1/0"}, "INTENTS_DATABASE")],
)
async def test_a_worker_needs_a_stream_and_a_memory(given: dict[str, str], missing: str) -> None:
    """It says what is missing."""
    with pytest.raises(ConfigurationError, match=missing):
        await work(ServiceSettings.of(given))


def test_a_worker_that_cannot_begin_says_why_and_ends_with_2() -> None:
    """A sentence and a hint, and no traceback."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DUOLOG_", "INTENTS_"))}
    command = [sys.executable, "-m", "chat_intents.work"]
    ended = subprocess.run(command, env=inherited, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("error: INTENTS_REDIS must name the server of the stream\n  hint: ")
    assert "Traceback" not in ended.stderr


def test_it_keeps_the_rules_of_duolog_check() -> None:
    """Without an exception."""
    assert check_application(structure_of(make_application("memory://", secret="a secret for tests only"))) == []
