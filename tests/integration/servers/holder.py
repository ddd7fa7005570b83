"""Starts a server, or joins the one in a directory, tells its processes, and waits: `python -m ... [DIRECTORY]`."""

import sys
from pathlib import Path

from duolog.testing.servers import PostgresServer, PostgresSettings, process_table


def main(*directory: str) -> None:
    settings = PostgresSettings(fsync=False)
    with PostgresServer(*map(Path, directory), settings=settings, temporary=True) as server:
        keeper = (server.directory / "keeper.pid").read_text(encoding="ascii")
        print(server.directory, keeper, server.pid, *process_table.children(server.pid), flush=True)  # noqa: T201 - its answer
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
