"""What an append expects of its stream: a closed choice instead of a number or None."""

from dataclasses import dataclass
from typing import Final

from duolog.errors import WrongExpectedVersionError


@dataclass(frozen=True, slots=True)
class NoStream:
    """The stream must not exist."""

    def __str__(self) -> str:
        """Say it for errors."""
        return "no stream"


@dataclass(frozen=True, slots=True)
class StreamExists:
    """The stream must have at least one event."""

    def __str__(self) -> str:
        """Say it for errors."""
        return "an existing stream"


@dataclass(frozen=True, slots=True)
class AnyVersion:
    """Any version will do."""

    def __str__(self) -> str:
        """Say it for errors."""
        return "any version"


@dataclass(frozen=True, slots=True)
class Exactly:
    """The stream must have exactly this version; 0 is the same as `NoStream`.

    Attributes:
        version: the version of the stream's last event, 0 or more.
    """

    version: int

    def __post_init__(self) -> None:
        """Refuse negative versions."""
        if self.version < 0:
            message = f"a stream's version cannot be {self.version}"
            raise ValueError(message)

    def __str__(self) -> str:
        """Say it for errors."""
        return f"version {self.version}"


ExpectedVersion = NoStream | StreamExists | AnyVersion | Exactly

NO_STREAM: Final = NoStream()
STREAM_EXISTS: Final = StreamExists()
ANY_VERSION: Final = AnyVersion()


def check_expected(stream: str, expected: ExpectedVersion, actual: int) -> None:
    """Compare an expectation with a stream's version.

    Args:
        stream: the stream's name, for the error.
        expected: the expectation.
        actual: the stream's version; 0 if it has no events.

    Raises:
        WrongExpectedVersionError: the expectation is not met.
    """
    match expected:
        case AnyVersion():
            met = True
        case NoStream():
            met = actual == 0
        case StreamExists():
            met = actual > 0
        case Exactly(version):
            met = actual == version
    if not met:
        raise WrongExpectedVersionError(stream=stream, expected=expected, actual=actual)
