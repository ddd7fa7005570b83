"""What requests say beside their message: which parameters they have, and which position they ask for."""

from typing import Final

from starlette.requests import Request

from duolog.integrations.fastapi.message_parts import MessageParts
from duolog.integrations.fastapi.problems import BAD_HEADER, UNKNOWN_PARAMETER, RequestRefusedError
from duolog.read.position_token import PositionToken

AFTER: Final = "Duolog-After"


def refuse_unknown_parameters(request: Request, parts: MessageParts, also: tuple[str, ...] = ()) -> set[str]:
    """Return the names of the request's query parameters.

    Raises:
        RequestRefusedError: one of them is none of the message's (422, which lists the allowed ones).
    """
    given = set(request.query_params)
    allowed = (*parts.query.values(), *also)
    for name in sorted(given.difference(allowed)):
        message = f"there is no parameter {name[:64]!r} here"
        raise RequestRefusedError(UNKNOWN_PARAMETER, message, members={"allowed": list(allowed)})
    return given


def asked_position(request: Request) -> PositionToken | None:
    """Return the position that the answer must include, or None.

    Raises:
        RequestRefusedError: there are several.
        ForeignTokenError: it is none of this release.
    """
    texts = request.headers.getlist(AFTER)
    if len(texts) > 1:
        message = f"there are {len(texts)} headers {AFTER}; send the newest position only"
        raise RequestRefusedError(BAD_HEADER, message)
    return PositionToken.decode(texts[0]) if texts else None
