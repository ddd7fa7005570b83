import pytest

from duolog.errors import StreamNameError
from duolog.eventstore.streams import (
    LONGEST_STREAM,
    category_of,
    check_category,
    check_stream,
    partition_of,
    stream_name,
)


@pytest.mark.parametrize(
    "stream",
    ["user-42", "user_notices-a", "u1-1", "user-a-b", "user--", "user-Zoë 🙂", "u-" + "x" * (LONGEST_STREAM - 2)],
)
def test_a_category_and_an_id_make_a_stream(stream: str) -> None:
    assert check_stream(stream) == stream


@pytest.mark.parametrize(
    "stream",
    [
        "",
        "user",
        "user-",
        "-1",
        "User-1",
        "1user-1",
        "_user-1",
        "us er-1",
        "user-1\n",
        "user-a\x00b",
        "user-a\x7fb",
        "user-\ud800",
        "u-" + "x" * (LONGEST_STREAM - 1),
    ],
)
def test_anything_else_is_refused(stream: str) -> None:
    with pytest.raises(StreamNameError):
        check_stream(stream)


def test_an_error_shows_a_huge_name_only_in_part() -> None:
    with pytest.raises(StreamNameError) as caught:
        check_stream("u-" + "x" * 100_000)
    assert len(str(caught.value)) < 500


def test_the_category_ends_at_the_first_dash() -> None:
    assert category_of("user-a-b") == "user"
    assert stream_name("user", 42) == "user-42"
    with pytest.raises(StreamNameError):
        stream_name("user", "")


@pytest.mark.parametrize("category", ["", "User", "user-1", "user\n", "1a"])
def test_a_category_is_a_lower_case_word(category: str) -> None:
    assert check_category("user_2") == "user_2"
    with pytest.raises(StreamNameError):
        check_category(category)


def test_partitions_never_change() -> None:
    stored = {("", "user-1"): 238, ("acme", "user-1"): 219, ("", "user-Zoë"): 241, ("a", "b-c"): 106}
    assert {key: partition_of(*key) for key in stored} == stored


def test_partitions_are_evenly_filled() -> None:
    counts = [0] * 256
    for number in range(25_600):
        counts[partition_of("", f"user-{number}")] += 1
    assert min(counts) > 50
    assert max(counts) < 150
