"""What a class needs, directly and through what it needs: read off the container, nothing is built."""

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from dishka import AsyncContainer, DependencyKey
from dishka.registry import Registry

Chain = tuple[type, ...]
"""Types from the first to the last, each of which needs the next."""

_APPLICATION_ITSELF: Final = (AsyncContainer,)


def needs_of(container: AsyncContainer, cls: type) -> Mapping[type, Chain]:
    """Return every type that is built, or asked for, when the container builds ``cls``.

    Args:
        container: an application's container.
        cls: a class that it provides.

    Returns:
        By type, the shortest chain from ``cls`` to it. A port leads to the class behind it; what a factory asks the
        container for while it runs is not known.
    """
    factories = _factories(container)
    chains: dict[type, Chain] = {}
    seen: set[DependencyKey] = set()
    waiting: deque[tuple[DependencyKey, Chain]] = deque([(_key(cls), ())])
    while waiting:
        key, before = waiting.popleft()
        if key in seen:
            continue
        seen.add(key)
        chain = before
        factory = factories.get(key)
        for each in (key.type_hint, getattr(factory, "source", None)):
            origin = getattr(each, "__origin__", each)
            if isinstance(origin, type) and origin not in _APPLICATION_ITSELF and origin not in chain:
                chain = (*chain, origin)
                chains.setdefault(origin, chain)
        if factory is not None:
            for needed in (*factory.dependencies, *factory.kw_dependencies.values()):
                waiting.append((needed, chain))
    return chains


def _factories(container: AsyncContainer) -> dict[DependencyKey, Any]:
    found: dict[DependencyKey, Any] = {}
    registry: Registry | None = container.registry
    while registry is not None:
        found.update(registry.factories)
        registry = registry.child_registry
    return found


def _key(cls: type) -> DependencyKey:
    return DependencyKey(cls, "")
