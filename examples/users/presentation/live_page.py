"""A page that shows the list of users live: plain HTML, fed by the server-sent events of ``GET /users``."""

from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Final

from fastapi import FastAPI
from starlette.responses import Response

_POLICY: Final = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'"
_HEADERS: Final = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"}
_FILES: Final = {
    "/live": ("users.html", "text/html"),
    "/live/users.js": ("users.js", "text/javascript"),
    "/live/users.css": ("users.css", "text/css"),
}


def add_live_page(api: FastAPI) -> None:
    """Serve the page at ``/live``; what it shows it asks of the API, with the token of whoever signs in there."""
    for path, (name, media_type) in _FILES.items():
        content = (files("users.presentation") / "live" / name).read_bytes()
        api.add_api_route(path, _sends(content, media_type), include_in_schema=False)


def _sends(content: bytes, media_type: str) -> Callable[[], Awaitable[Response]]:
    async def send() -> Response:
        return Response(content, headers=_HEADERS, media_type=media_type)

    return send
