"""How a test server is set up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PostgresSettings:
    """Settings of a PostgreSQL server, as its command line takes them.

    Attributes:
        max_connections: how many sessions there may be.
        max_prepared_transactions: how many transactions may be prepared for a two-phase commit.
        shared_buffers: memory for pages, in PostgreSQL's notation.
        fsync: what is committed survives a power cut; off is faster, and still survives a killed server.
        others: any other settings by name, such as ``{"wal_level": "logical"}``; they win over the ones above.
    """

    max_connections: int = 100
    max_prepared_transactions: int = 20
    shared_buffers: str = "128MB"
    fsync: bool = True
    others: Mapping[str, str] = field(default_factory=dict[str, str])

    def arguments(self, port: int) -> Iterator[str]:
        """Tell the server's arguments, for a server that listens on this machine's loopback address only.

        Args:
            port: where it listens.
        """
        settings = {
            "max_connections": str(self.max_connections),
            "max_prepared_transactions": str(self.max_prepared_transactions),
            "shared_buffers": self.shared_buffers,
            "fsync": "on" if self.fsync else "off",
            **self.others,
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "logging_collector": "off",  # its log is the file it was started with
        }
        for name, value in settings.items():
            yield from ("-c", f"{name}={value}")
