"""DDL as applications declare it: by the name of what it makes."""

from collections.abc import Mapping
from typing import cast

from duolog.errors import ConfigurationError


def check_ddl(declared: object, attribute: str, *, of: str) -> None:
    """Refuse DDL that does not stand under the name of what it makes.

    Args:
        declared: what was declared.
        attribute: what it was declared as, like ``tables``.
        of: whose it is, for the error.

    Raises:
        ConfigurationError: it is no mapping from names to DDL, both texts.
    """
    if isinstance(declared, Mapping):
        pairs = cast("Mapping[object, object]", declared)
        if all(isinstance(text, str) for pair in pairs.items() for text in pair):
            return
    message = f"`{attribute}` of {of} is no mapping from names to DDL"
    kind = {"indexes": "INDEX", "dependants": "VIEW"}.get(attribute, "TABLE")
    raise ConfigurationError(message, hint=f'Write {attribute} = {{"name": "CREATE {kind} name ..."}}.')
