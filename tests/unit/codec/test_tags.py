import pytest

from duolog.codec.tags import Tagger
from duolog.errors import PayloadError
from duolog.messages.tag import Tag

EMAIL = Tag("email", "a@b.c", personal=True)


def test_a_plain_tag_is_stored_as_it_is() -> None:
    assert Tagger(b"s").stored(Tag("region", "north:east")) == "region:north:east"


def test_a_personal_tag_cannot_be_read_but_is_found_again() -> None:
    stored = Tagger(b"a secret").stored(EMAIL)
    assert stored.startswith("email:")
    assert "a@b.c" not in stored
    assert stored == Tagger(b"a secret").stored(Tag("email", "a@b.c", personal=True))


def test_a_hash_depends_on_secret_name_and_value() -> None:
    stored = {
        Tagger(secret).stored(Tag(name, value, personal=True)).partition(":")[2]
        for secret in (b"one", b"two")
        for name in ("email", "phone")
        for value in ("a@b.c", "a@b.d")
    }
    assert len(stored) == 8


def test_tags_are_sorted_and_stored_once() -> None:
    assert Tagger(b"s").stored_all([Tag("b", "2"), Tag("a", "1"), Tag("b", "2")]) == ("a:1", "b:2")


def test_a_tags_value_is_not_shown() -> None:
    assert "a@b.c" not in repr(EMAIL)


@pytest.mark.parametrize("name", ["", "Email", "1a", "e-mail", "a:b", "a b"])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(PayloadError):
        Tag(name, "x")


@pytest.mark.parametrize("value", ["", "x" * 513, "a\x00b", "a\ud800"])
def test_a_value_that_cannot_be_stored_is_refused_unseen(value: str) -> None:
    with pytest.raises(PayloadError) as caught:
        Tag("email", value)
    assert value == "" or value not in str(caught.value)
