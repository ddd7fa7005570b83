"""Clients of the users service that remember what it acknowledged, and what it may have done besides."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx


def password_of(email: str) -> str:
    return f"password of {email}"


@dataclass
class Promise:
    """What is known of one user.

    Attributes:
        email: the address.
        id: known once the registration was acknowledged.
        states: the (role, version) pairs that the user may have; None stands for no such user.
    """

    email: str
    id: str = ""
    states: list[tuple[str, int] | None] = field(default_factory=lambda: [None])

    def sent(self, state: tuple[str, int] | None) -> None:
        """A request was sent that leads to ``state``; until it is answered, both are possible."""
        self.states.append(state)

    def acknowledged(self) -> None:
        """The request was answered: nothing but what it led to is possible now."""
        del self.states[:-1]


class Client:
    """One client: registers users, reads them back, lists, walks, changes and deletes.

    Args:
        http: its connections.
        name: unique among the clients.
        seed: of its choices.
    """

    def __init__(self, http: httpx.AsyncClient, name: str, seed: int) -> None:
        self.promises: list[Promise] = []
        self._http = http
        self._name = name
        self._random = random.Random(seed)  # noqa: S311 - choices of a test

    async def journey(self, *, on_registered: Callable[[], None] = lambda: None) -> None:
        """Do everything once with one user, and check every answer."""
        promise = Promise(f"{self._name}-{len(self.promises)}@example.com")
        self.promises.append(promise)
        position = await self._register(promise)
        on_registered()
        path = f"/users/{promise.id}"

        read = await self._http.get(path, headers={"Duolog-After": position})
        assert read.status_code == 200, read.text
        assert (read.json()["email"], read.json()["role"], read.json()["version"]) == (promise.email, "user", 1)
        assert (await self._http.head(path)).status_code == 200

        listed = await self._http.get("/users", params={"limit": 5, "sort_by": "email"})
        assert listed.status_code == 200, listed.text
        assert len(listed.json()["items"]) == min(5, listed.json()["total"]) > 0
        if self._random.random() < 0.2:
            assert promise.id in {user["id"] for user in await walk(self._http)}

        position = await self._update(promise, path)
        if self._random.random() < 0.4:
            await self._delete(promise, path)
        else:
            read = await self._http.get(path, headers={"Duolog-After": position})
            assert (read.json()["role"], read.headers["etag"]) == ("moderator", '"2"')

    async def _register(self, promise: Promise) -> str:
        promise.sent(("user", 1))
        body = {"email": promise.email, "password": password_of(promise.email)}
        answer = await self._http.post("/users", json=body)
        assert answer.status_code == 201, answer.text
        promise.id = answer.json()["id"]
        promise.acknowledged()
        assert answer.headers["location"] == f"/users/{promise.id}"
        assert answer.headers["etag"] == '"1"'
        return answer.headers["duolog-position"]

    async def _update(self, promise: Promise, path: str) -> str:
        stale = await self._http.patch(path, json={"role": "admin"}, headers={"If-Match": '"7"'})
        assert stale.status_code == 412, stale.text
        promise.sent(("moderator", 2))
        fresh = await self._http.patch(path, json={"role": "moderator"}, headers={"If-Match": '"1"'})
        assert fresh.status_code == 200, fresh.text
        assert fresh.json() == {"updated": True, "version": 2}
        promise.acknowledged()
        return fresh.headers["duolog-position"]

    async def _delete(self, promise: Promise, path: str) -> None:
        promise.sent(None)
        deleted = await self._http.delete(path, params={"reason": "asked for"})
        assert deleted.status_code == 204, deleted.text
        promise.acknowledged()
        after = {"Duolog-After": deleted.headers["duolog-position"]}
        assert (await self._http.get(path, headers=after)).status_code == 404
        assert (await self._http.delete(path)).status_code == 404


async def walk(http: httpx.AsyncClient, *, limit: int = 100) -> list[dict[str, object]]:
    """Page through all users to the end by cursor, checking that none comes twice."""
    users: list[dict[str, object]] = []
    url = f"/users?cursor=&limit={limit}&sort_by=email&sort_order=asc"
    while url:
        page = await http.get(url)
        assert page.status_code == 200, page.text
        users += page.json()["items"]
        url = page.links.get("next", {}).get("url", "")
    assert len({user["id"] for user in users}) == len(users)
    return users
