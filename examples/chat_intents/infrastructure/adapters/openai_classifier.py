"""A classifier behind an HTTP endpoint that speaks OpenAI's chat completions."""

import asyncio
import hashlib
import logging
import random
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import httpx

from chat_intents.domain.errors import ClassifierUnavailableError
from chat_intents.domain.intent import Classification
from chat_intents.domain.utterance import Utterance
from chat_intents.infrastructure.adapters.circuit_breaker import CircuitBreaker
from chat_intents.infrastructure.adapters.openai_protocol import INSTRUCTIONS, read_answer, request_body

_LARGEST_ANSWER: Final = 65_536
_PASSING: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
_log: Final = logging.getLogger("chat_intents")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the model is, and how much patience it gets.

    Attributes:
        url: up to ``/v1``, without a slash at the end.
        model: its name there.
        api_key: sent as a bearer token; empty for none.
        attempt_seconds: time limit of one attempt, in seconds.
        total_seconds: time limit of all attempts, and of the pauses between them, in seconds.
        attempts: so often one utterance is tried.
        pause_seconds: the longest pause after the first attempt, in seconds; it doubles from one to the next.
    """

    url: str
    model: str
    api_key: str = field(default="", repr=False)
    attempt_seconds: float = 5.0
    total_seconds: float = 12.0
    attempts: int = 3
    pause_seconds: float = 0.2


class _TryAgainError(Exception):
    """An attempt failed, and another may succeed.

    Attributes:
        reason: what happened.
        pause: how many seconds the endpoint asks to wait; 0 for none.
    """

    def __init__(self, reason: str, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pause = pause


class OpenAiClassifier:
    """Asks a language model, within a time limit, again after a pause where that may help, and not while it is down.

    Args:
        client: the connections, which stay the caller's.
        endpoint: where the model is.
        breaker: refuses calls while the endpoint fails.
    """

    def __init__(self, client: httpx.AsyncClient, endpoint: Endpoint, breaker: CircuitBreaker | None = None) -> None:
        self._client = client
        self._endpoint = endpoint
        self._breaker = breaker or CircuitBreaker()
        self._headers = {"Content-Type": "application/json"}
        if endpoint.api_key:
            self._headers["Authorization"] = f"Bearer {endpoint.api_key}"
        told = hashlib.sha256(f"{endpoint.url}\0{endpoint.model}\0{INSTRUCTIONS}".encode())
        self._version = f"openai:{endpoint.model}:{told.hexdigest()[:16]}"

    @property
    def version(self) -> str:
        """The model's name, and a digest of where it is and of what it is told."""
        return self._version

    async def classify(self, utterance: Utterance) -> Classification:
        """Tell what an utterance wants; see `IntentClassifier.classify`."""
        with self._breaker.call():
            try:
                async with asyncio.timeout(self._endpoint.total_seconds):
                    return await self._insist(request_body(self._endpoint.model, utterance))
            except TimeoutError:
                reason = "the time limit is over"
                raise ClassifierUnavailableError(reason) from None

    async def _insist(self, body: bytes) -> Classification:
        left = self._endpoint.attempts
        pause = self._endpoint.pause_seconds
        while True:
            left -= 1
            try:
                return await self._ask(body)
            except _TryAgainError as failed:
                _log.warning("the endpoint of the classifier: %s; %d attempts left", failed.reason, left)
                if not left:
                    raise ClassifierUnavailableError(failed.reason) from None
                # Full jitter: those who failed together do not come back together.
                await asyncio.sleep(max(failed.pause, random.uniform(0, pause)))  # noqa: S311 - no secret
                pause *= 2

    async def _ask(self, body: bytes) -> Classification:
        try:
            async with (
                asyncio.timeout(self._endpoint.attempt_seconds),
                self._client.stream(
                    "POST", f"{self._endpoint.url}/chat/completions", content=body, headers=self._headers
                ) as response,
            ):
                _check_status(response)
                data = await _bounded(response)
        except (httpx.HTTPError, TimeoutError) as error:
            raise _TryAgainError(type(error).__name__) from error
        try:
            return read_answer(data)
        except ValueError as error:
            raise _TryAgainError(str(error)) from error


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if status == HTTPStatus.OK:
        return
    reason = f"status {status}"
    if status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise _TryAgainError(reason, _retry_after(response))
    raise ClassifierUnavailableError(reason)  # like a wrong key: asking again changes nothing


def _retry_after(response: httpx.Response) -> float:
    given = response.headers.get("retry-after", "")
    return float(given) if given.isascii() and given.isdigit() else 0.0


async def _bounded(response: httpx.Response) -> bytes:
    data = bytearray()
    async for piece in response.aiter_bytes():
        data += piece
        if len(data) > _LARGEST_ANSWER:
            reason = "the answer is too large"
            raise _TryAgainError(reason)
    return bytes(data)
