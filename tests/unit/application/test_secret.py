from pathlib import Path

import pytest

from duolog import Application, Secret
from duolog.errors import AnotherSecretError, MissingSecretError
from tests.unit.application.notes import Gate, ListNotes, NotesProvider

SECRET = "sesame, sesame, sesame"


def make(secret: str | bytes | None) -> Application:
    return Application("test", database="memory://", handlers=[], secret=secret)


@pytest.fixture(autouse=True)
def no_secret_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DUOLOG_SECRET", raising=False)


@pytest.mark.parametrize("secret", [None, "", b""])
def test_without_a_secret_no_application_is_made(secret: str | bytes | None) -> None:
    with pytest.raises(MissingSecretError, match="secret is missing") as raised:
        make(secret)
    assert "DUOLOG_SECRET" in raised.value.hint


def test_a_short_secret_is_refused_and_not_shown() -> None:
    with pytest.raises(MissingSecretError, match="secret is too short") as raised:
        make("sesame")
    assert "sesame" not in str(raised.value)


@pytest.mark.parametrize("secret", [SECRET, SECRET.encode()])
def test_the_secret_is_given_as_text_or_bytes(secret: str | bytes) -> None:
    assert make(secret).secret == SECRET.encode()


def test_the_environment_has_the_secret_where_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUOLOG_SECRET", SECRET)
    assert make(None).secret == SECRET.encode()
    assert make("another, another, another").secret == b"another, another, another"


def test_the_secret_is_in_no_repr() -> None:
    app = make(SECRET)
    shown = [repr(app), str(app), repr(Secret(SECRET.encode())), str(Secret(SECRET.encode())), repr(app.codec)]
    shown += [repr(app.database), repr(app.container), repr(app.settings)]
    assert not [text for text in shown if "sesame" in text]


async def test_the_secret_is_in_no_error_of_the_container() -> None:
    class Needy:
        def __init__(self, secret: Secret, nowhere: "list[Gate]") -> None:
            self._secret = secret
            self._nowhere = nowhere

        async def execute(self, query: ListNotes) -> list[str]:
            return [str(query)]

    with pytest.raises(Exception, match="Gate") as raised:
        Application(
            "test",
            database="memory://",
            handlers=[ListNotes.handled_by(Needy)],
            providers=[NotesProvider(Gate())],
            secret=SECRET,
        )
    chain: BaseException | None = raised.value
    while chain is not None:
        assert "sesame" not in f"{chain} {chain!r}"
        chain = chain.__cause__ or chain.__context__


async def test_a_log_is_refused_to_another_secret(tmp_path: Path) -> None:
    """Personal tags are keyed by the secret: with another one, unique values would be given out twice."""
    url = f"sqlite:///{tmp_path / 'log.db'}"
    for secret in ("the first secret of this log", "the first secret of this log"):
        async with Application("first", database=url, handlers=[], secret=secret):
            pass
    with pytest.raises(AnotherSecretError, match="another secret"):
        await Application("second", database=url, handlers=[], secret="another secret, as long").start()
