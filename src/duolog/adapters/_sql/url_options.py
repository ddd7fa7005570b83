"""The options at the end of a database's URL."""

from collections.abc import Collection
from urllib.parse import parse_qsl

from duolog.errors import ConfigurationError


def url_options(query: str, allowed: Collection[str], *, example: str) -> dict[str, str]:
    """Read the query of a database's URL.

    Args:
        query: what stands behind the question mark; may be empty.
        allowed: names of the options.
        example: how options are written, for the error.

    Raises:
        ConfigurationError: it cannot be read, or an option is unknown or stands twice; values are not shown.
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        message = "the options of the database URL cannot be read"
        raise ConfigurationError(message, hint=f"Write them like {example}.") from None
    unknown = sorted({name for name, _ in pairs} - set(allowed))
    if unknown or len(dict(pairs)) != len(pairs):
        message = (
            f"options of the database URL that are unknown or stand twice: {', '.join(unknown) or 'doubled names'}"
        )
        raise ConfigurationError(message, hint=f"Allowed, once each: {', '.join(allowed)}.")
    return dict(pairs)
