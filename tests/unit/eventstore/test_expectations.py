import pytest

from duolog.errors import WrongExpectedVersionError
from duolog.eventstore.expectations import (
    ANY_VERSION,
    NO_STREAM,
    STREAM_EXISTS,
    Exactly,
    ExpectedVersion,
    check_expected,
)


@pytest.mark.parametrize(
    ("expected", "met"),
    [
        (NO_STREAM, {0}),
        (STREAM_EXISTS, {1, 2, 3}),
        (ANY_VERSION, {0, 1, 2, 3}),
        (Exactly(0), {0}),
        (Exactly(2), {2}),
    ],
)
def test_each_expectation_is_met_by_its_versions_only(expected: ExpectedVersion, met: set[int]) -> None:
    for actual in range(4):
        if actual in met:
            check_expected("user-1", expected, actual)
        else:
            with pytest.raises(WrongExpectedVersionError) as caught:
                check_expected("user-1", expected, actual)
            error = caught.value
            assert (error.stream, error.expected, error.actual, error.key) == ("user-1", expected, actual, "user-1")
            assert str(expected) in str(error)


def test_no_version_is_negative() -> None:
    with pytest.raises(ValueError, match="-1"):
        Exactly(-1)
