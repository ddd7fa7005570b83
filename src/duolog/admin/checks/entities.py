"""Rule `entity-returned`: a handler returns ids, small results or DTOs, never an entity."""

from collections.abc import Iterator
from typing import Final, cast

from duolog.admin.checks.finding import Finding, finding
from duolog.admin.checks.results import classes_in, result_hint
from duolog.admin.structure import ApplicationStructure
from duolog.messages.binding import MessageKind
from duolog.write.aggregate import Aggregate

_RULE: Final = "entity-returned"


def check_entities(structure: ApplicationStructure) -> Iterator[Finding]:
    """Find handlers whose result is, or holds, an `Aggregate`."""
    for binding in structure.bindings:
        for entity in classes_in(result_hint(binding)):
            if issubclass(entity, Aggregate):
                advice = "Return its id, or a small result with what the caller needs."
                if binding.kind is not MessageKind.COMMAND:
                    advice = "Return a DTO that a query gateway reads."
                message = f"execute returns the entity {entity.__name__}"
                yield from finding(_RULE, cast("type", binding.handler), message, advice)
