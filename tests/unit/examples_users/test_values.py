import pytest
from hypothesis import given
from hypothesis import strategies as st

from users.domain.email import Email
from users.domain.errors import InvalidEmailError, UnknownRoleError, WeakPasswordError
from users.domain.password import check_new_password
from users.domain.role import UserRole


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("a@b.c", "a@b.c"),
        ("  Ada.Lovelace+Notes@Example.ORG\n", "ada.lovelace+notes@example.org"),
        ("o'hara@sub.xn--bcher-kva.example", "o'hara@sub.xn--bcher-kva.example"),
        ("x" * 64 + "@example.org", "x" * 64 + "@example.org"),
    ],
)
def test_an_address_is_trimmed_and_in_lower_case(text: str, email: str) -> None:
    assert str(Email(text)) == email
    assert Email(text) == Email(email)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "a",
        "a@",
        "@b.c",
        "a@b",
        "a b@c.d",
        "a@b.c d",
        "a@@b.c",
        "a@b@c.d",
        "a..b@c.d",
        ".a@c.d",
        "a.@c.d",
        "a@-b.c",
        "a@b-.c",
        "a@b..c",
        "a@b.c.",
        "a\n@b.c",
        "a@b.c\x00",
        "a\x00@b.c",
        "é@b.c",
        "a@bücher.example",
        "\uff41@b.c",
        "\u212a@b.c",
        '"a"@b.c',
        "a<b@c.d>",
        "x" * 65 + "@b.c",
        "a@" + "b" * 64 + ".c",
        "a@" + "b." * 130 + "c",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidEmailError) as refused:
        Email(text)
    assert refused.value.field == "email"


@given(st.text() | st.from_regex(r"[a-z.@ ]{1,20}"))
def test_any_text_is_an_address_that_stays_the_same_or_is_refused(text: str) -> None:
    try:
        email = Email(text)
    except InvalidEmailError:
        return
    assert Email(email.value) == email
    assert len(email.value) <= 254


def test_an_address_that_was_accepted_once_is_taken_as_it_is() -> None:
    assert Email.recorded("no longer@allowed").value == "no longer@allowed"


def test_a_role_is_found_by_its_name_only() -> None:
    assert UserRole.named("admin") is UserRole.ADMIN
    for name in ("", "ADMIN", "root"):
        with pytest.raises(UnknownRoleError, match="one of: user, moderator, admin"):
            UserRole.named(name)


@pytest.mark.parametrize("password", ["12345678", "\U0001f600" * 8, "x" * 128, "é" * 64, "\ud800" * 8])
def test_a_password_within_the_limits_is_allowed(password: str) -> None:
    assert check_new_password(password) == password


@pytest.mark.parametrize("password", ["", "1234567", "x" * 129, "é" * 65])
def test_a_password_that_is_too_short_or_too_long_is_refused_without_being_shown(password: str) -> None:
    with pytest.raises(WeakPasswordError) as refused:
        check_new_password(password)
    assert refused.value.field == "password"
    assert not password or password not in str(refused.value)
