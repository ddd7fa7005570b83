"""Entity tags from versions, and the preconditions of RFC 9110 that are stated with them."""

import re
from typing import Final

from duolog.integrations.fastapi.problems import BAD_HEADER, PRECONDITION_FAILED, RequestRefusedError

_TAG: Final = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS: Final = re.compile(rf"[ \t]*(?:{_TAG})(?:[ \t]*,[ \t]*(?:{_TAG}))*[ \t]*")
_VERSION: Final = re.compile(r'"(0|[1-9][0-9]{0,17})"')
_LONGEST: Final = 1024


def entity_tag(version: int | str) -> str:
    """Return the strong entity tag of a version, or of a text of letters and digits that stands for one."""
    return f'"{version}"'


def expected_version(if_match: str | None, *, is_supported: bool = True) -> int | None:
    """Read the version that an ``If-Match`` header asks for.

    Args:
        if_match: the header, or None if there was none.
        is_supported: the command can be made to depend on a version.

    Returns:
        The version; None if any will do (no header, or ``*``).

    Raises:
        RequestRefusedError: the header is malformed, names several versions, or cannot be kept here (400); or its tag
            is weak or none of ours, so that it can match nothing (412; RFC 9110, 13.1.1 compares strongly).
    """
    if if_match is None or if_match.strip() == "*":
        return None
    tags = _tags("If-Match", if_match)
    if not is_supported:
        message = "If-Match cannot be kept here: this command does not depend on a version"
        raise RequestRefusedError(BAD_HEADER, message)
    if len(tags) > 1:
        message = "If-Match may name one entity tag here"
        raise RequestRefusedError(BAD_HEADER, message)
    version = _VERSION.fullmatch(tags[0])
    if version is None:
        message = "If-Match names an entity tag that was not given out here"
        raise RequestRefusedError(PRECONDITION_FAILED, message)
    return int(version[1])


def is_unchanged(if_none_match: str | None, tag: str) -> bool:
    """Tell whether an ``If-None-Match`` header names ``tag``, so that 304 is the answer (a weak comparison).

    Raises:
        RequestRefusedError: the header is malformed (400).
    """
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    return tag in (given.removeprefix("W/") for given in _tags("If-None-Match", if_none_match))


def _tags(header: str, value: str) -> list[str]:
    if len(value) > _LONGEST or not _TAGS.fullmatch(value):
        message = f'{header} is not an entity tag like "3"'
        raise RequestRefusedError(BAD_HEADER, message)
    return re.findall(_TAG, value)
