"""Whether the application can do its work: the log answers, and the projections keep up."""

import asyncio
from typing import Any, Final

from fastapi import FastAPI
from starlette.responses import Response

from duolog.admin.projection_status import projection_statuses
from duolog.application.application import Application
from duolog.errors import DuologError
from duolog.integrations.fastapi.openapi import problem_responses
from duolog.integrations.fastapi.problems import Problem, problem_response
from duolog.integrations.fastapi.results import encode_result
from duolog.subscriptions.status import RunnerState

_SECONDS: Final = 2.0
_UNHEALTHY: Final = Problem(503, "unhealthy", "The database does not answer", headers={"Retry-After": "5"})


def add_health(api: FastAPI, app: Application) -> None:
    """Add ``GET /health``: 200 with the log's position and each projection's lag, 503 if the database does not answer.

    Args:
        api: where it is added.
        app: whose health it tells.
    """

    async def health() -> Response:
        try:
            async with asyncio.timeout(_SECONDS):
                report = await _report(app)
        except (DuologError, TimeoutError):
            return problem_response(_UNHEALTHY)
        return Response(encode_result(report), headers={"Cache-Control": "no-store"}, media_type="application/json")

    description = "Whether the database answers, where the log ends, and how many positions each projection is behind."
    api.add_api_route(
        "/health",
        health,
        methods=["GET"],
        description=description,
        response_model=dict[str, Any],
        responses=problem_responses([_UNHEALTHY]),
    )


async def _report(app: Application) -> dict[str, Any]:
    head = await app.database.store.head()
    positions = {each.name: each.position for each in await projection_statuses(app.database)}
    here = [status for status in app.projection_statuses() if status.state is not RunnerState.STOPPED]
    states = {status.subscription: status.state.value for status in here}
    inline = [projection for projection in app.projections if projection.inline]
    projections = [
        {
            "name": projection.name,
            "position": (position := positions.get(projection.name, 0)),
            "lag": max(0, head - position),
            "state": "inline" if projection in inline else states.get(projection.name, "elsewhere"),
        }
        for projection in app.views
    ]
    return {"status": "ok", "position": head, "projections": projections}
