"""E16: requests made from the intents example's OpenAPI, fitting and misfitting, get no answer of 500 or above."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode

from chat_intents.infrastructure.composition import make_application
from chat_intents.presentation.routes import make_api
from tests.faults.experiment import Answer, Experiment, size
from tests.faults.inputs import HEALTH

EXAMPLES = size(short=10, long=500)
BASE = "http://intents"


@pytest.fixture
def served() -> Iterator[tuple[asyncio.Runner, httpx.AsyncClient, dict[str, Any]]]:
    app = make_application("memory://", secret="a secret for tests only, 32 bytes")
    api = make_api(app)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(api, raise_app_exceptions=False), base_url=BASE)
    with asyncio.Runner() as runner:
        runner.run(app.start())
        yield runner, client, api.openapi()
        runner.run(client.aclose())
        runner.run(app.close())


def test_no_request_gets_an_answer_of_500_or_above(
    served: tuple[asyncio.Runner, httpx.AsyncClient, dict[str, Any]],
) -> None:
    runner, client, document = served
    experiment = Experiment("E16 requests from the OpenAPI: intents")

    async def send(case: Case[Any], mode: GenerationMode) -> None:
        asked = {name: value for name, value in case.as_transport_kwargs(base_url=BASE).items() if value is not None}
        asked.pop("cookies", None)  # the API has none
        if isinstance(asked.get("data"), str | bytes):
            asked["content"] = asked.pop("data")
        headers = {name: str(value).encode("latin-1", "replace") for name, value in asked.pop("headers", {}).items()}
        name = f"{case.method} {len(experiment.operations)}"
        experiment.invoke(name)
        if mode is GenerationMode.NEGATIVE:
            experiment.fault("misfitting request")
        answer = await client.request(**asked, headers=headers)
        experiment.answer(name, Answer.OK if answer.is_success else Answer.FAIL)
        assert answer.status_code < 500, f"{case.method} {case.formatted_path}: {answer.status_code} {answer.text}"

    def send_many(operation: Any, mode: GenerationMode) -> None:
        @seed(experiment.seed)
        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=HEALTH)
        @given(operation.as_strategy(generation_mode=mode))
        def any_request(case: Case[Any]) -> None:
            runner.run(send(case, mode))

        with suppress(Unsatisfiable):  # what takes nothing cannot be asked for wrongly
            any_request()

    for result in schemathesis.openapi.from_dict(document).get_all_operations():
        found: Any = result
        for mode in GenerationMode:
            send_many(found.ok(), mode)
    experiment.conclude()
