"""SQL that SQLite in a file and in memory have in common, one statement a file under ``sql/``."""

from importlib.resources import files


def load_sql(name: str) -> str:
    """Return the statement in ``sql/<name>.sql``, without its comment lines.

    Args:
        name: the file's name without ``.sql``; a constant of the caller, never input.
    """
    text = (files("duolog.adapters._sql") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip()
