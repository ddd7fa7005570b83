"""A streaming replica of a server of one's own."""

from collections.abc import Iterator

import pytest

from duolog.errors import DatabaseError, ServerStartError
from duolog.testing.servers import PostgresBinaries, PostgresReplica, PostgresServer, process_table


@pytest.fixture(scope="module")
def replica(server: PostgresServer) -> Iterator[PostgresReplica]:
    with PostgresReplica(server) as replica:
        yield replica


def test_it_shows_what_its_primary_commits_and_can_be_held_up(server: PostgresServer, replica: PostgresReplica) -> None:
    """Also when it was stopped meanwhile; and it writes nothing."""
    sql, shown = server.databases.run_sql, replica.databases.run_sql
    sql("CREATE TABLE shown AS SELECT 1 AS id")
    replica.catch_up()
    assert shown("SELECT count(*) FROM shown") == "1"
    replica.pause_replay()
    sql("INSERT INTO shown VALUES (2)")
    assert shown("SELECT count(*) FROM shown") == "1"
    replica.resume_replay()
    replica.catch_up()
    assert shown("SELECT count(*) FROM shown") == "2"
    replica.stop()
    sql("INSERT INTO shown VALUES (3)")
    replica.start()
    replica.catch_up()
    assert shown("SELECT count(*) FROM shown") == "3"
    with pytest.raises(DatabaseError, match="read-only"):
        shown("INSERT INTO shown VALUES (4)")


def test_nothing_is_left_of_a_replica_that_was_promoted_and_closed(server: PostgresServer) -> None:
    """From then on it is a server of its own."""
    with PostgresReplica(server) as replica:
        replica.promote()
        assert replica.create_database("mine") == replica.url("mine")
        pids = {replica.pid, *process_table.children(replica.pid)}
    assert not process_table.running(pids)
    assert not replica.directory.exists()


def test_a_primary_that_does_not_run_is_said_so(binaries: PostgresBinaries) -> None:
    """The error ends with what the program has said, without the password."""
    with PostgresServer(binaries=binaries) as server:
        server.stop()
        with pytest.raises(ServerStartError, match="pg_basebackup failed") as refused:
            PostgresReplica(server).start()
        assert server.databases.password not in str(refused.value)
