"""The adapter's own SQL, one statement a file under ``sql/``."""

from functools import cache
from importlib.resources import files
from typing import Final

_PLACE: Final = "{schema}"


@cache
def load_sql(name: str, schema: str) -> str:
    """Return the statement in ``sql/<name>.sql`` for a schema, without its comment lines.

    Its parameters are ``$1``, ``$2``, ...; a comment at its top names them.

    Args:
        name: the file's name without ``.sql``; a constant of the caller, never input.
        schema: the schema of duolog's own tables, as `Location` has checked it.
    """
    text = (files("duolog.adapters.postgres") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    return in_schema("\n".join(line for line in text.splitlines() if not line.startswith("--")).strip(), schema)


def in_schema(sql: str, schema: str) -> str:
    """Put the quoted name of the schema in the place of ``{schema}``.

    Args:
        sql: the adapter's own SQL.
        schema: a name as `Location` has checked it: it holds no quotes.
    """
    return sql.replace(_PLACE, f'"{schema}"')
