"""Which of the forms that an answer has a client wants (RFC 9110, 12.5.1)."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv"
EVENT_STREAM: Final = "text/event-stream"

_BY_NAME: Final = frozenset({EVENT_STREAM})  # whoever takes anything does not wait for an answer that never ends


def wanted_media(request: Request, offered: Sequence[str]) -> str:
    """Return the media type that a client wants most; of those that it wants alike, the one that is offered first.

    Server-sent events are only for clients that name them: neither ``*/*`` nor ``text/*`` asks for them.

    Args:
        request: what was asked, with its ``Accept`` headers.
        offered: what there is; the first one is the default, also for a client that wants none of them.
    """
    ranges = [_range(text) for text in ",".join(request.headers.getlist("accept")).split(",") if text.strip()]
    if not ranges:
        return offered[0]
    return max(offered, key=lambda media: _quality(media, ranges))


def _quality(media: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Return how much a media type is wanted: by the most exact range that it fits."""
    by_range = dict(ranges)
    fitting = (media,) if media in _BY_NAME else (media, f"{media.partition('/')[0]}/*", "*/*")
    for each in fitting:
        if each in by_range:
            return by_range[each]
    return 0.0


def _range(text: str) -> tuple[str, float]:
    media, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
    try:
        return media, float(quality)
    except ValueError:
        return media, 0.0
