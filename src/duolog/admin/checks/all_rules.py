"""All rules, and checking an application against them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from duolog.admin.checks.caches import check_caches
from duolog.admin.checks.entities import check_entities
from duolog.admin.checks.events import check_events
from duolog.admin.checks.finding import Finding, Rule
from duolog.admin.checks.lists import check_lists
from duolog.admin.checks.materialized_views import check_materialized_views
from duolog.admin.checks.naming import check_naming
from duolog.admin.checks.orders import check_orders
from duolog.admin.checks.purity import check_purity
from duolog.admin.checks.secrets import check_secrets
from duolog.admin.checks.shapes import check_shapes
from duolog.admin.structure import ApplicationStructure

RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "naming": check_naming,
        "shape": check_shapes,
        "query-writes": check_purity,
        "unbounded-list": check_lists,
        "tie-break": check_orders,
        "entity-returned": check_entities,
        "event": check_events,
        "secret-shown": check_secrets,
        "cache": check_caches,
        "materialized-view": check_materialized_views,
    }
)


def check_application(structure: ApplicationStructure) -> Sequence[Finding]:
    """Return everything that breaks a rule, by rule and in the order of the code."""
    return [found for rule in RULES.values() for found in rule(structure)]
