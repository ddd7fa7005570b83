"""What may stand in a message's metadata, which is stored with every event."""

import pytest

from duolog.errors import PayloadError
from duolog.messages.metadata import Actor, Metadata


@pytest.mark.parametrize("text", ["a\0b", "a\ud800", "z" * 201])
def test_what_cannot_be_stored_is_no_actor_and_no_tenant(text: str) -> None:
    with pytest.raises(PayloadError, match="an actor's id must have 1 to 200 characters"):
        Actor(text)
    with pytest.raises(PayloadError, match="a tenant must have 0 to 200 characters"):
        Metadata(tenant=text)


def test_an_actor_has_an_id_and_a_tenant_may_be_nobody() -> None:
    with pytest.raises(PayloadError):
        Actor("")
    assert Metadata().tenant == ""
    assert Metadata(actor=Actor("z" * 200), tenant="z" * 200).actor == Actor("z" * 200)
