"""Stream names ``category-id``, and the partition that a stream belongs to."""

import re
import zlib
from typing import Final

from duolog.errors import StreamNameError

PARTITIONS: Final = 256
LONGEST_STREAM: Final = 255

_CATEGORY: Final = re.compile(r"[a-z][a-z0-9_]*")
_STREAM: Final = re.compile(r"[a-z][a-z0-9_]*-[^\x00-\x1f\x7f\ud800-\udfff]+")


def check_category(category: str) -> str:
    """Return ``category`` if it may be one.

    Raises:
        StreamNameError: it does not match ``[a-z][a-z0-9_]*``.
    """
    if not _CATEGORY.fullmatch(category):
        message = f"{category!r} is not a category"
        raise StreamNameError(message, hint="Use a lower-case word, like `user` or `user_notices`.")
    return category


def check_stream(stream: str) -> str:
    """Return ``stream`` if it is of the form ``category-id``, 255 characters at most, without control characters.

    Raises:
        StreamNameError: it is not.
    """
    if len(stream) > LONGEST_STREAM or not _STREAM.fullmatch(stream):
        message = f"{stream[:LONGEST_STREAM]!r} is not a stream name"
        raise StreamNameError(message, hint="Use `category-id`, like `user-42`; 255 characters at most.")
    return stream


def stream_name(category: str, stream_id: object) -> str:
    """Join a category and an id, like ``user`` and ``42``, to a stream name.

    Raises:
        StreamNameError: the result is not a stream name.
    """
    return check_stream(f"{category}-{stream_id}")


def category_of(stream: str) -> str:
    """Return the category of a stream name."""
    return stream.partition("-")[0]


def partition_of(tenant: str, stream: str) -> int:
    """Return the bucket of a stream, 0 to 255; a stored format, so it never changes."""
    return zlib.crc32(f"{tenant}\x1f{stream}".encode()) & (PARTITIONS - 1)
