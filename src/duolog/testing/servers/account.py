"""The account a server runs as: PostgreSQL refuses to run as root."""

import os
import pwd
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, CompletedProcess, run
from typing import IO, Final

from duolog.errors import ConfigurationError

_UNPRIVILEGED: Final = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A user and its group.

    Attributes:
        name: what the system calls it.
        uid: the user's number.
        gid: the number of its group.
    """

    name: str
    uid: int
    gid: int

    def run(
        self, command: Sequence[str | Path], environment: Mapping[str, str], given: IO[bytes] | None = None
    ) -> CompletedProcess[str]:
        """Run a program as this account until it ends.

        Args:
            command: the program and its arguments.
            environment: all of its environment.
            given: an open file that it gets as its standard input; nothing if not given.

        Returns:
            How it ended, with standard output and errors as one text.

        Raises:
            OSError: it cannot be run by this account.
        """
        other = os.geteuid() != self.uid
        return run(
            command,
            env=environment,
            cwd="/",
            user=self.uid if other else None,
            group=self.gid if other else None,
            extra_groups=[] if other else None,
            stdin=DEVNULL if given is None else given,
            stdout=PIPE,
            stderr=STDOUT,
            text=True,
            check=False,
        )


def server_account() -> Account:
    """Choose who runs the servers: whoever we are, or an unprivileged account if we are root.

    Raises:
        ConfigurationError: we are root, and the machine has no unprivileged account.
    """
    if os.geteuid() != 0:
        return Account(str(os.geteuid()), os.geteuid(), os.getegid())
    for name in _UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    message = "PostgreSQL does not run as root, and this machine has no account to run it as"
    raise ConfigurationError(message, hint=f"Add one of the users {' and '.join(_UNPRIVILEGED)}, or run as another.")
