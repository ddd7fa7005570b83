"""A port for a server."""

import secrets
import socket
from typing import Final

# Below the ports that systems give to outgoing connections: while a server is down, none of those takes its port.
_PORTS: Final = range(15_000, 32_000)


def free_port(host: str) -> int:
    """Return a port on which nobody listens now, though somebody may by the time it is used.

    Args:
        host: the address to listen on.
    """
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as trial:
            try:
                trial.bind((host, port))
            except OSError:
                continue
        return port
