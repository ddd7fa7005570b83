"""Answers that are stored with an idempotency key, and given again as they were."""

import logging
from typing import Final

import msgspec
from starlette.responses import Response

from duolog.application.application import Application
from duolog.errors import DuologError, UnreadableAnswerError
from duolog.write.idempotency import AnsweredKey

_log: Final = logging.getLogger("duolog.http")


class ShownAnswer(msgspec.Struct, frozen=True):
    """An answer as it is stored.

    Attributes:
        status: the HTTP status.
        headers: all of them but ``Content-Length``.
        body: the JSON text; None for none.
    """

    status: int
    headers: dict[str, str]
    body: str | None


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(ShownAnswer)


async def keep_shown(app: Application, key: AnsweredKey, response: Response) -> None:
    """Store an answer before it is sent, so that whoever has seen it is answered in the same way.

    The command is committed by now: where this fails, a replay is made again of its result, and it is only logged.
    """
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    shown = ShownAnswer(response.status_code, headers, bytes(response.body).decode() if response.body else None)
    try:
        await app.database.idempotency.keep_shown(key.scope, key.key, _encoder.encode(shown).decode())
    except DuologError as error:
        _log.warning("an answer was not stored with its idempotency key: %s", type(error).__name__)


def shown_response(shown: str) -> Response:
    """Make a stored answer again.

    Raises:
        UnreadableAnswerError: another release has stored it, in another form.
    """
    try:
        answer = _decoder.decode(shown)
    except msgspec.MsgspecError as error:
        message = "the request took effect, and its stored answer cannot be read"
        raise UnreadableAnswerError(message) from error
    return Response(answer.body, answer.status, answer.headers)
