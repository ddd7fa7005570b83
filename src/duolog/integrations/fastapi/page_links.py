"""The neighbours of a page as a ``Link`` header (RFC 8288)."""

from urllib.parse import urlencode

from starlette.requests import Request

from duolog.read.pages import CursorPage, OffsetPage, PaginatedResult


def page_links(request: Request, result: object) -> str | None:
    """Return the ``Link`` header that leads to the next and the previous page.

    Args:
        request: what was asked; its other query parameters are kept.
        result: what a query was answered with.

    Returns:
        The header's value, or None if ``result`` is no page or has no neighbours.
    """
    links: list[str] = []
    if isinstance(result, PaginatedResult | OffsetPage):
        if result.has_next:
            links.append(_link(request, "next", limit=result.limit, offset=result.offset + result.limit))
        if result.has_prev:
            links.append(_link(request, "prev", limit=result.limit, offset=max(0, result.offset - result.limit)))
    elif isinstance(result, CursorPage):
        if result.next_cursor is not None:
            links.append(_link(request, "next", cursor=result.next_cursor))
        if result.prev_cursor is not None:
            links.append(_link(request, "prev", cursor=result.prev_cursor))
    return ", ".join(links) or None


def _link(request: Request, relation: str, **replaced: object) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in replaced]
    return f'<{request.url.path}?{urlencode([*kept, *replaced.items()])}>; rel="{relation}"'
