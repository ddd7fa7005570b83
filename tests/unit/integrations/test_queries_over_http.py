from collections.abc import Sequence
from uuid import UUID, uuid4

import httpx
import pytest


async def make(client: httpx.AsyncClient, *names: str) -> list[str]:
    """Make things and wait until they can be read; return where they are."""
    made = [await client.post("/things", json={"name": name, "password": "p"}) for name in names]
    await client.get("/things", headers={"Duolog-After": made[-1].headers["duolog-position"]})
    return [answer.headers["location"] for answer in made]


def names(page: httpx.Response) -> Sequence[str]:
    return [item["name"].removesuffix(" of 3") for item in page.json()["items"]]


async def test_a_read_after_a_position_sees_what_was_written_there(client: httpx.AsyncClient) -> None:
    made = await client.post("/things", json={"name": "lamp", "password": "p"})
    read = await client.get(made.headers["location"], headers={"Duolog-After": made.headers["duolog-position"]})
    assert read.status_code == 200
    assert read.json() == {"id": made.json()["id"], "name": "lamp of 3", "version": 1}


@pytest.mark.parametrize("token", ["", "42", "x" * 5000, "lQHZJDAxYTIwNjJlLTY1ZjAtNzU4Ni1hYTVh"])
async def test_a_position_that_cannot_be_is_a_400(client: httpx.AsyncClient, token: str) -> None:
    answer = await client.get("/things", headers={"Duolog-After": token})
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:duolog:problem:foreign-position"


async def test_a_known_version_is_not_sent_again(client: httpx.AsyncClient) -> None:
    (where,) = await make(client, "lamp")
    tag = (await client.get(where)).headers["etag"]
    for known in (tag, f"W/{tag}", "*", f'"9", {tag}'):
        again = await client.get(where, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await client.get(where, headers={"If-None-Match": '"9"'})).status_code == 200
    assert (await client.get(where, headers={"If-None-Match": "9"})).status_code == 400


async def test_nothing_found_is_a_404(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/things/{uuid4()}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_head_tells_whether_something_exists(client: httpx.AsyncClient) -> None:
    (where,) = await make(client, "lamp")
    there, missing = await client.head(where), await client.head(f"/things/{uuid4()}")
    assert (there.status_code, there.content) == (200, b"")
    assert missing.status_code == 404


async def test_a_page_links_to_its_neighbours_and_keeps_the_question(client: httpx.AsyncClient) -> None:
    await make(client, "a lamp", "b lamp", "c lamp", "d desk", "e lamp")
    first = await client.get("/things?name=lamp")
    assert names(first) == ["a lamp", "b lamp"]
    assert (first.json()["total"], first.json()["has_next"], first.json()["has_prev"]) == (4, True, False)
    assert set(first.links) == {"next"}
    second = await client.get(first.links["next"]["url"])
    assert names(second) == ["c lamp", "e lamp"]
    assert set(second.links) == {"prev"}
    assert names(await client.get(second.links["prev"]["url"])) == names(first)


async def test_a_cursor_in_the_question_walks_by_keys(client: httpx.AsyncClient) -> None:
    await make(client, "a", "b", "c", "d", "e")
    page, seen = await client.get("/things?cursor=&limit=2"), list[str]()
    while True:
        seen += names(page)
        if "next" not in page.links:
            break
        page = await client.get(page.links["next"]["url"])
    assert seen == ["a", "b", "c", "d", "e"]
    assert set(page.links) == {"prev"}


async def test_each_kind_of_page_refuses_what_only_the_other_knows(client: httpx.AsyncClient) -> None:
    answer = await client.get("/things?cursor=&offset=2")
    assert answer.status_code == 422
    assert answer.json()["allowed"] == ["cursor", "limit"]
    answer = await client.get("/things?colour=red")
    assert answer.status_code == 422
    assert answer.json()["allowed"] == ["limit", "offset", "name", "cursor"]


@pytest.mark.parametrize("limit", ["1e3", "0x10", str(2**63), "9" * 5000, "", "NaN"])
async def test_a_number_that_no_database_holds_is_a_422(client: httpx.AsyncClient, limit: str) -> None:
    answer = await client.get("/things", params={"limit": limit})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["name"] == "limit"


async def test_an_id_that_is_none_is_a_422(client: httpx.AsyncClient) -> None:
    answer = await client.get("/things/%00%ff")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["in"] == "path"


async def test_every_answer_is_of_one_things_own_stream(client: httpx.AsyncClient) -> None:
    places = await make(client, "a", "b")
    assert len({UUID(place.rpartition("/")[2]) for place in places}) == 2
