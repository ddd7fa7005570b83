"""A stored answer is given again as it was, whatever the release that is asked would answer."""

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from duolog import Application, Command, IdempotencyKey, TransactionManager, UnitOfWork, command, event
from duolog.errors import UnreadableAnswerError
from duolog.integrations.fastapi import attach
from duolog.testing import application
from tests.unit.integrations.things import client_of

BODY = {"label": "spoons"}
KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
OF_THE_REQUEST = {"x-correlation-id", "idempotency-replayed"}


@event("box.opened")
@dataclass(frozen=True, slots=True)
class BoxOpened:
    label: str


@command("box.open")
@dataclass(frozen=True, slots=True)
class OldOpenBox(Command[UUID]):
    label: str


class OldOpenBoxInteractor:
    def __init__(self, unit: UnitOfWork, tx: TransactionManager) -> None:
        self._unit = unit
        self._tx = tx

    async def execute(self, cmd: OldOpenBox) -> UUID:
        box_id = uuid4()
        self._unit.stage(f"box-{box_id}", [BoxOpened(cmd.label)])
        await self._tx.commit()
        return box_id


@dataclass(frozen=True, slots=True)
class Opened:
    id: UUID
    lid: str


@command("box.open")
@dataclass(frozen=True, slots=True)
class OpenBox(Command[Opened]):
    label: str
    lid: str = "brass"


class OpenBoxInteractor:
    def __init__(self, unit: UnitOfWork, tx: TransactionManager) -> None:
        self._unit = unit
        self._tx = tx

    async def execute(self, cmd: OpenBox) -> Opened:
        box_id = uuid4()
        self._unit.stage(f"box-{box_id}", [BoxOpened(cmd.label)])
        await self._tx.commit()
        return Opened(box_id, cmd.lid)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "boxes.db"


def old_app(file: Path) -> Application:
    return application(OldOpenBox.handled_by(OldOpenBoxInteractor), database=f"sqlite:///{file}", events=[BoxOpened])


def new_app(file: Path) -> Application:
    return application(OpenBox.handled_by(OpenBoxInteractor), database=f"sqlite:///{file}", events=[BoxOpened])


def old_release(file: Path) -> FastAPI:
    api = FastAPI()
    attach(api, old_app(file)).post("/boxes", OldOpenBox, location="/boxes/{id}")
    return api


def shown(opened: Opened) -> Mapping[str, str]:
    return {"box": str(opened.id)}


def new_release(file: Path) -> FastAPI:
    api = FastAPI()
    attach(api, new_app(file)).post("/boxes", OpenBox, location="/v2/boxes/{id}", status=202, show=shown)
    return api


async def post(api: FastAPI, body: Mapping[str, str] = BODY, headers: Mapping[str, str] = KEY) -> httpx.Response:
    async with client_of(api) as client:
        return await client.post("/boxes", json=body, headers=headers)


def said(answer: httpx.Response) -> tuple[int, bytes, Mapping[str, str]]:
    headers = {name: value for name, value in answer.headers.items() if name not in OF_THE_REQUEST}
    return answer.status_code, answer.content, headers


def run(file: Path, statement: str) -> Sequence[Any]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        return connection.execute(statement).fetchall()


async def test_a_later_release_gives_the_stored_status_headers_and_body(file: Path) -> None:
    """Although it answers with another status, location and body, and cannot read the stored result."""
    first = await post(old_release(file))
    again = await post(new_release(file))
    assert (first.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert {"location", "etag", "duolog-position", "content-type", "cache-control"} <= set(first.headers)
    assert said(again) == said(first)
    other = await post(new_release(file), headers={"Idempotency-Key": "another"})
    assert (other.status_code, other.headers["location"].startswith("/v2/")) == (202, True)
    assert run(file, "SELECT count(*) FROM duolog_events") == [(2,)]


async def test_a_field_with_a_default_keeps_older_keys_valid_and_another_value_is_another_request(file: Path) -> None:
    """The default said in full is the same request; any other value is not."""
    first = await post(old_release(file))
    same = await post(new_release(file), {**BODY, "lid": "brass"})
    assert said(same) == said(first)
    other = await post(new_release(file), {**BODY, "lid": "tin"})
    assert other.json()["type"] == "urn:duolog:problem:idempotency-key-reused"


async def test_an_answer_that_nobody_has_seen_is_made_again(file: Path) -> None:
    """The process died between the commit and the write of the answer."""
    first = await post(old_release(file))
    run(file, "UPDATE duolog_idempotency SET shown = NULL")
    again = await post(old_release(file))
    assert (said(again), again.headers["idempotency-replayed"]) == (said(first), "true")
    assert run(file, "SELECT count(*) FROM duolog_idempotency WHERE shown IS NOT NULL") == [(1,)]


async def test_an_answer_that_cannot_be_made_any_more_says_that_the_request_took_effect(file: Path) -> None:
    """It is no error that a client repeats, and the command is not run again."""
    await post(old_release(file))
    run(file, "UPDATE duolog_idempotency SET shown = NULL")
    answer = await post(new_release(file))
    assert (answer.status_code, "retry-after" in answer.headers) == (409, False)
    assert answer.json()["type"] == "urn:duolog:problem:already-executed"
    assert "took effect" in answer.json()["title"]
    assert run(file, "SELECT count(*) FROM duolog_events") == [(1,)]
    run(file, "UPDATE duolog_idempotency SET shown = '{\"form\":2}'")
    assert (await post(new_release(file))).status_code == 409


async def test_an_answer_that_cannot_be_stored_is_given_all_the_same(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The command is committed by then; it is only logged, without the answer."""
    await post(old_release(file), headers={})
    run(file, "CREATE TRIGGER full BEFORE UPDATE OF shown ON duolog_idempotency BEGIN SELECT RAISE(ABORT, 'no'); END")
    with caplog.at_level(logging.WARNING, "duolog.http"):
        first = await post(old_release(file))
    assert first.status_code == 201
    assert [record.getMessage() for record in caplog.records if record.name == "duolog.http"] == [
        "an answer was not stored with its idempotency key: ConstraintViolationError"
    ]
    assert said(await post(old_release(file))) == said(first)


async def test_in_process_an_unreadable_result_is_an_error_of_its_own(file: Path) -> None:
    """Whatever was shown to others: who wants the result cannot have it."""
    key = IdempotencyKey("one", "boxes")
    async with old_app(file) as app:
        await app.execute(OldOpenBox("spoons"), idempotency_key=key)
    run(file, "UPDATE duolog_idempotency SET shown = '{}'")
    async with new_app(file) as app:
        with pytest.raises(UnreadableAnswerError, match="took effect") as raised:
            await app.execute(OpenBox("spoons"), idempotency_key=key)
        assert "not run again" in raised.value.hint
        assert await app.database.store.head() == 1
