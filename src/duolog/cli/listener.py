"""The socket that a web server listens on, bound before anything else is begun."""

import errno
import socket
from typing import Final

from duolog.errors import ConfigurationError

_BACKLOG: Final = 2048
_HINTS: Final = {
    errno.EADDRINUSE: "End what listens there, or choose another port with --port or PORT (0 for any free one).",
    errno.EACCES: "Ports below 1024 need rights; choose another with --port or PORT.",
}


def bind(host: str, port: int) -> socket.socket:
    """Bind a TCP socket; who gets it back closes it.

    Args:
        host: a name or an address, IPv4 or IPv6.
        port: 0 for any free one.

    Raises:
        ConfigurationError: the port is taken or not allowed, or the host is not one of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            # Bound is not yet taken: a second process may bind too, and only the first to listen gets the port.
            listener.listen(_BACKLOG)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise _refusal(host, port, error) from error
    listener.set_inheritable(True)
    return listener


def url_of(listener: socket.socket, host: str) -> str:
    """Return the URL under which a client on this machine reaches ``listener``."""
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _refusal(host: str, port: int, error: OSError) -> ConfigurationError:
    taken = error.errno == errno.EADDRINUSE
    reason = "the port is taken" if taken else error.strerror or type(error).__name__
    message = f"cannot listen on {host}:{port}: {reason}"
    return ConfigurationError(message, hint=_HINTS.get(error.errno or 0, "Choose another --host."))
