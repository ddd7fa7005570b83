"""`duolog demo` with passwords hashed as quickly as argon2 allows, for tests with hundreds of users."""

from functools import partial
from unittest.mock import patch

from duolog.cli import main
from users.infrastructure import providers
from users.infrastructure.adapters.argon2_password_hasher import Argon2PasswordHasher

if __name__ == "__main__":
    with patch.object(providers, "Argon2PasswordHasher", partial(Argon2PasswordHasher, memory_kib=8, passes=1)):
        main()
