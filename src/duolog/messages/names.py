"""The rules for the stable names of stored types, and for the streams that published events declare."""

import inspect
import re
from string import Formatter
from typing import Final, Protocol, TypeVar

from duolog.errors import UnnamedTypeError

_TYPE_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_STREAM_TEMPLATE: Final = re.compile(r"[a-z][a-z0-9_]*-.+")
_LONGEST: Final = 128


def check_type_name(name: str, version: int) -> None:
    """Check the stable name and schema version of a stored type.

    Args:
        name: dotted lower-case words, like ``user.created``; 128 characters at most.
        version: a whole number from 1.

    Raises:
        UnnamedTypeError: one of them is not allowed.
    """
    if not _TYPE_NAME.fullmatch(name) or len(name) > _LONGEST:
        message = f"{name!r} is not a type name"
        raise UnnamedTypeError(message, hint='Use dotted lower-case words, like "user.created".')
    if version < 1:
        message = f"{name!r}: version {version} is not allowed"
        raise UnnamedTypeError(message, hint="Schema versions start at 1.")


def check_stream_template(template: str, cls: type) -> None:
    """Check the stream that an event class declares, like ``user_notices-{user_id}``.

    Args:
        template: a category, a dash, and a text over the event's fields.
        cls: the event's class.

    Raises:
        UnnamedTypeError: it has another form, or names a field that the class does not have.
    """
    try:
        fields = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
    except ValueError:
        fields = {""}
    unknown = sorted(field for field in fields if field not in _fields(cls))
    if unknown or not _STREAM_TEMPLATE.fullmatch(template):
        message = f"{template!r} is not a stream that {cls.__name__} can declare"
        hint = f'Use a category and fields of the event, like "user_notices-{{user_id}}"; it has {_fields(cls)}.'
        raise UnnamedTypeError(message, hint=hint)


def _fields(cls: type) -> list[str]:
    return [name for base in reversed(cls.__mro__) for name in inspect.get_annotations(base)]


class NamedSpec(Protocol):
    """What a naming decorator leaves on a class."""

    @property
    def name(self) -> str:
        """The stable name."""
        ...

    @property
    def cls(self) -> type:
        """The class that was decorated."""
        ...


S = TypeVar("S", bound=NamedSpec)


def spec_of(cls: type, attribute: str, spec_type: type[S], *, decorator: str, use: str) -> S:
    """Return what a naming decorator left on a class.

    Args:
        cls: the class.
        attribute: where the decorator leaves it.
        spec_type: what it leaves.
        decorator: the decorator's name, for errors.
        use: what is done with such classes, for errors.

    Raises:
        UnnamedTypeError: the class was not decorated, or not last.
    """
    spec = getattr(cls, attribute, None)
    if not isinstance(spec, spec_type):
        message = f"{cls.__module__}.{cls.__qualname__} is {use}, but has no name"
        raise UnnamedTypeError(message, hint=f'Put @{decorator}("...") above class {cls.__name__}.')
    if spec.cls is not cls:
        message = f"@{decorator}({spec.name!r}) is not the outermost decorator of {cls.__module__}.{cls.__qualname__}"
        raise UnnamedTypeError(message, hint=f"Put @{decorator} above @dataclass, and on the subclass itself.")
    return spec
