"""The same INSERT by pgbench, PostgreSQL's own load generator, written in C: a measure without Python.

Prepared statements and a thread a core, as https://www.postgresql.org/docs/current/pgbench.html advises; a script of
one statement, each a transaction.
"""

import asyncio
import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from benchmarks.harness.case import Sample
from duolog.testing.servers import PostgresBinaries

_SCRIPT: Final = """
INSERT INTO events (recorded_at, event_id, version, stream, type, data, metadata) VALUES (
    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, gen_random_uuid(), 1,
    'account-' || gen_random_uuid(), 'bench.account_opened', '{data}', '{{}}'
);
"""
_RATE: Final = re.compile(r"^tps = ([0-9.]+) \(without initial connection time\)", re.MULTILINE)


async def run_pgbench(
    binaries: PostgresBinaries, url: str, folder: Path, *, data: str, operations: int, clients: int
) -> Sample:
    """Insert so many rows, as many as each client does alike, and take what it logs of each."""
    script = folder / "insert.sql"
    script.write_text(_SCRIPT.format(data=data), encoding="utf-8")
    parts = urlsplit(url)
    each = max(operations // clients, 1)
    program = await asyncio.create_subprocess_exec(
        str(binaries.directory / "pgbench"),
        *("--no-vacuum", "--protocol", "prepared", "--file", str(script), "--log"),
        *("--client", str(clients), "--jobs", str(min(clients, os.cpu_count() or 1)), "--transactions", str(each)),
        *("--host", parts.hostname or "", "--port", str(parts.port), "--username", unquote(parts.username or "")),
        parts.path.removeprefix("/"),
        env={**binaries.environment, "PGPASSWORD": unquote(parts.password or "")},
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await program.communicate()
    rate = _RATE.search(output.decode())
    assert program.returncode == 0, errors.decode()
    assert rate is not None, output.decode()
    latencies = _logged(folder)
    assert len(latencies) == each * clients
    return Sample(len(latencies), len(latencies) / float(rate[1]), latencies)


def _logged(folder: Path) -> list[float]:
    """Take the logs away, and return the seconds of each transaction: the third column, in microseconds."""
    latencies: list[float] = []
    for log in folder.glob("pgbench_log.*"):
        latencies += [int(line.split()[2]) / 1e6 for line in log.read_text(encoding="ascii").splitlines()]
        log.unlink()
    return latencies
