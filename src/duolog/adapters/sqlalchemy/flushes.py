"""What can be told of a statement of SQLAlchemy's before it runs."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.sql.compiler import SQLCompiler


def is_guarded(context: DefaultExecutionContext) -> bool:
    """Tell whether a statement changes entities of a flush: one row, found by its key, for each set of parameters."""
    # Only the mapper gives its statements a cache of their own.
    return (context.isupdate or context.isdelete) and "compiled_cache" in context.execution_options


def wants_answer(context: DefaultExecutionContext) -> bool:
    """Tell whether the outcome of an INSERT, UPDATE or DELETE of a flush is looked at.

    It is where the database makes a key or a default, and for whatever is no entity.
    """
    compiled = context.compiled
    if not isinstance(compiled, SQLCompiler) or compiled.effective_returning or compiled.postfetch_lastrowid:
        return True
    return not (context.isinsert or is_guarded(context))


def conflict_key(context: DefaultExecutionContext, parameters: Mapping[str, Any]) -> str:
    """Return what a conflict over one row is fought over: its table and primary key.

    Args:
        context: of an UPDATE or DELETE of a flush.
        parameters: its parameters, before they are bound.
    """
    compiled = context.compiled
    table: Any = getattr(compiled.statement, "table", None) if compiled is not None else None
    if table is None:
        return ""
    # The mapper calls its parameters so: by the column's label in an UPDATE, by its key in a DELETE.
    names = ((f"{table.name}_{column.name}", column.key) for column in table.primary_key)
    values = [str(parameters.get(label, parameters.get(key, ""))) for label, key in names]
    return f"{table.name} {' '.join(values)}"
