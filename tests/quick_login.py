"""A password that a test server checks in no time."""

import hashlib
import hmac
import secrets
from base64 import b64encode

from duolog.testing.servers import PostgresDatabases


def log_in_quickly(databases: PostgresDatabases) -> None:
    """Have the server keep its password hashed once, not 4,096 times, which both sides would do for every session.

    That many rounds are against guesses, and nobody guesses a random password of 24 bytes. Tests open ten thousand
    sessions. What is kept is of RFC 5803's form.
    """
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", databases.password.encode(), salt, 1)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    of_salt, of_stored, of_server = (
        b64encode(each).decode() for each in (salt, stored, hmac.digest(salted, b"Server Key", "sha256"))
    )
    kept = f"SCRAM-SHA-256$1:{of_salt}${of_stored}:{of_server}"
    # The processes of a test run share the server: they take turns.
    databases.run_sql(f"SELECT pg_advisory_xact_lock(1); ALTER ROLE CURRENT_USER PASSWORD '{kept}'")
