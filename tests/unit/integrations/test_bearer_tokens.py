from datetime import UTC, datetime, timedelta

import httpx
import pytest

from duolog.codec.signer import Signer
from duolog.integrations.fastapi import BearerTokens
from duolog.messages.metadata import Actor
from duolog.testing import FixedClock
from tests.unit.integrations.things import BEARER

ALICE = Actor("alice", frozenset({"user", "admin"}))
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def test_a_token_gives_its_actor_back_until_it_expires() -> None:
    clock = FixedClock(NOW)
    bearer = BearerTokens("s" * 32, clock)
    token, expires_at = bearer.issue(ALICE, timedelta(minutes=5))
    assert expires_at == NOW + timedelta(minutes=5)
    clock.move_to(expires_at - timedelta(seconds=1))
    assert bearer.verify(token) == ALICE
    clock.move_to(expires_at)
    assert bearer.verify(token) is None


def test_a_changed_token_or_another_secret_gives_nobody() -> None:
    bearer, other = BearerTokens("s" * 32), BearerTokens("t" * 32)
    token, _ = bearer.issue(ALICE, timedelta(minutes=5))
    assert other.verify(token) is None
    for place in range(len(token) - 1):  # the last character holds bits that are not used
        changed = "A" if token[place] != "A" else "B"
        assert bearer.verify(token[:place] + changed + token[place + 1 :]) is None
    for nonsense in ("", "x", "é", token + "A", token[:-4]):
        assert bearer.verify(nonsense) is None


@pytest.mark.parametrize("payload", [b"", b"{}", b'["a",[],"soon"]', b"\x80abc", b'["",[],9999999999]'])
def test_a_signed_text_of_another_form_gives_nobody(payload: bytes) -> None:
    assert BearerTokens(b"s" * 32).verify(Signer(b"s" * 32, "bearer").sign(payload)) is None


async def test_a_guarded_route_needs_an_actor(client: httpx.AsyncClient) -> None:
    answer = await client.get("/guarded")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    token, _ = BEARER.issue(ALICE, timedelta(minutes=5))
    for scheme in ("Bearer", "bearer"):
        answer = await client.get("/guarded", headers={"Authorization": f"{scheme} {token}"})
        assert answer.json()["actor"] == "alice"


async def test_a_free_route_takes_an_actor_too(client: httpx.AsyncClient) -> None:
    token, _ = BEARER.issue(ALICE, timedelta(minutes=5))
    assert (await client.get("/who")).json()["actor"] is None
    assert (await client.get("/who", headers={"Authorization": f"Bearer {token}"})).json()["actor"] == "alice"


@pytest.mark.parametrize("authorization", ["Bearer x", "Bearer ", "Basic YTpi", "x", ""])
async def test_credentials_that_are_not_valid_are_refused_everywhere(
    client: httpx.AsyncClient, authorization: str
) -> None:
    for path in ("/who", "/guarded", "/health"):
        answer = await client.get(path, headers={"Authorization": authorization})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
