"""Declaring that the answers of a query service may be cached."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Never, TypeVar

from duolog.errors import ConfigurationError

S = TypeVar("S", bound=type)

_POLICY: Final = "__duolog_cached__"


class CacheScope(Enum):
    """Who shares a cached answer. Tenants never do."""

    TENANT = "tenant"
    """Everybody of the tenant who may ask the query."""
    ROLES = "roles"
    """Those who have the same roles; whoever is not signed in shares with nobody who is."""
    ACTOR = "actor"
    """One actor with the same roles: for services whose answer depends on who asks."""


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """How the answers of one query service are cached.

    Attributes:
        scope: who shares them.
        max_staleness: how old an answer may be at most, in seconds.
        strict: no answer is served that the views have left behind when it is asked for.
        version: of the service's code; another one does not find the answers of this one.
    """

    scope: CacheScope
    max_staleness: float
    strict: bool
    version: int


def cached(
    *unparenthesized: Never,
    scope: CacheScope = CacheScope.TENANT,
    max_staleness: float = 1.0,
    strict: bool = False,
    version: int = 1,
) -> Callable[[S], S]:
    """Let the answers of a query service be cached until a view changes that its binding's ``reads`` names.

    The service must depend on nothing but the query and those views: no clock, no chance, no other table. A kept answer
    does not reach its ``execute``: what that refuses or leaves out by who asks needs the scope ``ROLES`` or ``ACTOR``;
    what the application's authorizer refuses does not, it is asked before. Answers with None are cached as well; errors
    are not.

    By default a client that asks one process never sees an older answer after a newer one, nor one that was out of date
    for longer than ``max_staleness``; with ``after=`` the answer has that position. ``strict`` asks the database at
    every hit what the views have come to, which costs one small statement.

    ```python
    @cached(max_staleness=2.0)
    class ListUsersQueryService:
        async def execute(self, query: ListUsersQuery) -> PaginatedResult[UserDTO]: ...
    ```

    Args:
        unparenthesized: nothing; for whoever writes ``@cached`` without its parentheses.
        scope: who shares an answer.
        max_staleness: how old an answer may be at most, in seconds.
        strict: serve no answer that the views have left behind.
        version: raise it when the service's code or SQL changes what it answers: processes of the former code, and what
            Valkey has kept of them, then share nothing with this one.

    Returns:
        A class decorator for a query service.

    Raises:
        ConfigurationError: ``max_staleness`` is not greater than zero, or the parentheses are missing.
    """
    if unparenthesized:
        message = f"@cached stands above {', '.join(map(repr, unparenthesized))} without parentheses"
        raise ConfigurationError(message, hint="Write @cached(), with what you want to say in it.")
    if not max_staleness > 0:
        message = f"answers cannot be {max_staleness:g} s old at most"
        raise ConfigurationError(message, hint="Say strict=True where no answer may be out of date.")
    policy = CachePolicy(scope, max_staleness, strict, version)

    def declare(service: S) -> S:
        setattr(service, _POLICY, policy)
        return service

    return declare


def cache_policy(service: Callable[..., Any]) -> CachePolicy | None:
    """Return how a query service's answers are cached; None if the class itself was not declared to be."""
    policy = vars(service).get(_POLICY) if isinstance(service, type) else None
    return policy if isinstance(policy, CachePolicy) else None
