"""E16: requests made from the users example's OpenAPI, fitting and misfitting, get no answer of 500 or above.

Each asks for one of the media types of its operation, so that lines, tables and live answers are asked for as well.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode

from duolog import Actor, Application
from duolog.integrations.fastapi import BearerTokens, LiveOptions, query_route
from tests.faults.experiment import Answer, Experiment, size
from tests.faults.inputs import HEALTH
from users.application.commands.create_user import CreateUserCommand
from users.infrastructure.composition import make_application
from users.infrastructure.providers import WriteModel
from users.presentation.routes import make_api

EXAMPLES = size(short=5, long=50)
SLOW = {"POST /sessions": 8}  # it hashes a password each time, also for users who are not there
USERS = 6
SECRET = "a secret for tests only, 32 bytes"
BASE = "http://users"
PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Served:
    """The users example, started, with users in it."""

    runner: asyncio.Runner
    client: httpx.AsyncClient
    document: dict[str, Any]
    users: Sequence[str]


async def with_users(app: Application) -> list[str]:
    """Create users, so that a request can find one; return their ids."""
    made = [CreateUserCommand(f"user{number}@example.com", "a good password") for number in range(USERS)]
    return [str(await app.execute(command)) for command in made]


def operation_of(found: Any) -> Any:
    """Return an operation of the document, which must be a valid one."""
    return found.ok()


def media_of(operation: Any) -> list[str]:
    """Return the media types that an operation answers in where nothing is wrong."""
    responses: dict[str, Any] = operation.definition.raw["responses"]
    return sorted({media for each in responses.values() for media in each.get("content", {})} - {PROBLEM}) or ["*/*"]


@pytest.fixture(params=sorted(WriteModel, key=str))
def served(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(query_route, "LIVE_OPTIONS", LiveOptions(longest_seconds=0.01))
    app = make_application("memory://", write_model=request.param, secret=SECRET)
    api = make_api(app)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(api, raise_app_exceptions=False), base_url=BASE)
    with asyncio.Runner() as runner:
        runner.run(app.start())
        yield Served(runner, client, api.openapi(), runner.run(with_users(app)))
        runner.run(client.aclose())
        runner.run(app.close())


def test_no_request_gets_an_answer_of_500_or_above(served: Served, request: pytest.FixtureRequest) -> None:
    client = served.client
    experiment = Experiment(f"E16 requests from the OpenAPI: {request.node.callspec.id}")
    admin = BearerTokens(SECRET).issue(Actor("admin", frozenset({"admin"})), timedelta(hours=1))[0]

    async def send(case: Case[Any], mode: GenerationMode, accept: str, *, by_admin: bool) -> None:
        asked = {name: value for name, value in case.as_transport_kwargs(base_url=BASE).items() if value is not None}
        asked.pop("cookies", None)  # the API has none
        if isinstance(asked.get("data"), str | bytes):
            asked["content"] = asked.pop("data")
        headers = {name: str(value).encode("latin-1", "replace") for name, value in asked.pop("headers", {}).items()}
        headers["Accept"] = accept.encode()
        if by_admin:
            headers["Authorization"] = f"Bearer {admin}".encode()
        name = f"{case.method} {len(experiment.operations)}"
        experiment.invoke(name)
        if mode is GenerationMode.NEGATIVE:
            experiment.fault("misfitting request")
        answer = await client.request(**asked, headers=headers)
        experiment.answer(name, Answer.OK if answer.is_success else Answer.FAIL)
        assert answer.status_code < 500, f"{case.method} {case.formatted_path}: {answer.status_code} {answer.text}"

    def send_many(operation: Any, mode: GenerationMode, accept: str) -> None:
        examples = max(1, EXAMPLES // SLOW.get(operation.label, 1))

        @seed(experiment.seed)
        @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=HEALTH)
        @given(operation.as_strategy(generation_mode=mode), st.integers(0, 3), st.sampled_from(served.users))
        def any_request(case: Case[Any], whose: int, user: str) -> None:
            if "user_id" in case.path_parameters and mode is GenerationMode.POSITIVE and whose != 1:
                case.path_parameters["user_id"] = user  # one that is there, as long as none of these deleted it
            served.runner.run(send(case, mode, accept, by_admin=whose > 0))

        with suppress(Unsatisfiable):  # what takes nothing cannot be asked for wrongly
            any_request()

    for result in schemathesis.openapi.from_dict(served.document).get_all_operations():
        operation = operation_of(result)
        for mode, media in product(GenerationMode, media_of(operation)):
            send_many(operation, mode, media)
    experiment.conclude()
