"""The HTTP server, where one is installed."""

from duolog.cli.serving import Serve
from duolog.errors import ConfigurationError

_serve: Serve | None = None
try:
    from duolog.cli.web_server import serve
except ImportError as error:
    if (error.name or "").partition(".")[0] != "uvicorn":
        raise
else:
    _serve = serve


def http_server() -> Serve:
    """Return the function that serves a web application on a bound socket, and says whether it started.

    Raises:
        ConfigurationError: none is installed.
    """
    if _serve is None:
        message = "serving HTTP needs the package 'uvicorn', which is not installed"
        raise ConfigurationError(message, hint="Install duolog[fastapi]: pip install 'duolog[fastapi]'")
    return _serve
