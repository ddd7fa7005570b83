"""Rule `cache`: cached answers depend on views that tell when they change, and on nobody in particular."""

from collections.abc import Iterator
from typing import Final, cast

from duolog.admin.checks.finding import Finding, finding
from duolog.admin.structure import ApplicationStructure
from duolog.messages.metadata import Metadata
from duolog.read.caching.declaration import CacheScope, cache_policy

_RULE: Final = "cache"


def check_caches(structure: ApplicationStructure) -> Iterator[Finding]:
    """Find cached query services whose answers nothing invalidates, or which may differ by who asks."""
    counted = {each.name for each in structure.projections if each.tables and not each.inline}
    counted |= {each.name for each in structure.materialized_views}
    for binding in structure.queries:
        policy = cache_policy(binding.handler)
        if policy is None:
            continue
        service = cast("type", binding.handler)
        if not binding.reads:
            message = "its answers are cached, and nothing tells when they change"
            advice = (
                f"Bind it with reads=[...], the projections that it reads: {binding.name}.handled_by(..., reads=…)."
            )
            yield from finding(_RULE, service, message, advice)
        for model in binding.reads:
            if model.name not in counted:
                message = f"its answers are cached, and {model.name} counts no changes"
                advice = "Inline projections, and those without tables, cannot be cached: do without @cached."
                yield from finding(_RULE, service, message, advice)
        if policy.scope is CacheScope.TENANT and Metadata in structure.needs.get(service, {}):
            message = "all of a tenant share its answers, but it knows who asks: it takes Metadata"
            advice = (
                "Say @cached(scope=CacheScope.ROLES) or ACTOR; or, if it takes only the tenant from there, allow it by "
                "`# duolog: allow cache - reason`."
            )
            yield from finding(_RULE, service, message, advice)
