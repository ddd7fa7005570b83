import socket

import pytest

from duolog.cli.listener import bind, url_of
from duolog.errors import ConfigurationError


def test_a_free_port_is_taken_at_once() -> None:
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert url_of(listener, "127.0.0.1") == f"http://127.0.0.1:{port}"
        with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1:{port}: the port is taken") as raised:
            bind("127.0.0.1", port)
        assert "--port" in raised.value.hint


def test_a_port_is_free_again_after_its_connections() -> None:
    with bind("127.0.0.1", 0) as listener:
        address = listener.getsockname()
        with socket.create_connection(address):
            connection, _ = listener.accept()
            connection.close()
    bind(*address).close()


def test_an_unknown_host_is_said_in_a_sentence() -> None:
    with pytest.raises(ConfigurationError, match=r"cannot listen on no\.such\.host\.invalid:8000"):
        bind("no.such.host.invalid", 8000)


def test_the_url_of_an_ipv6_address_has_brackets() -> None:
    with bind("127.0.0.1", 0) as listener:
        assert url_of(listener, "::1").startswith("http://[::1]:")
