"""Real database servers for tests, demos and benchmarks: started from programs, stopped with the process."""

from duolog.testing.servers.binaries import PostgresBinaries
from duolog.testing.servers.databases import PostgresDatabases
from duolog.testing.servers.postgres_replica import PostgresReplica
from duolog.testing.servers.postgres_server import PostgresServer
from duolog.testing.servers.settings import PostgresSettings
from duolog.testing.servers.shared_server import postgres_for_test_run
from duolog.testing.servers.valkey_server import ValkeyServer, find_valkey, valkey_for_test_run

__all__ = [
    "PostgresBinaries",
    "PostgresDatabases",
    "PostgresReplica",
    "PostgresServer",
    "PostgresSettings",
    "ValkeyServer",
    "find_valkey",
    "postgres_for_test_run",
    "valkey_for_test_run",
]
