"""Prints the records of experiments as a table: ``python -m tests.faults.figures build/faults.ndjson``."""

import json
import sys
from pathlib import Path
from typing import Any

COLUMNS = (
    "experiment",
    "seed",
    "ops",
    "acknowledged",
    "failed",
    "unknown",
    "faults",
    "violations",
    "lost",
    "duplicated",
)


def table(records: Path) -> str:
    """Return the table in Markdown, with the versions below it."""
    found = [json.loads(line) for line in records.read_text(encoding="utf-8").splitlines()]
    lines = [
        f"| {' | '.join(COLUMNS)} | recovery p50 / max, ms | lag p50 / max, ms | events/s |",
        f"|{'---|' * (len(COLUMNS) + 3)}",
    ]
    for record in found:
        faults = ", ".join(f"{count} {kind}" for kind, count in record["faults"].items())
        cells = [faults if name == "faults" else str(record[name]) for name in COLUMNS]
        times = " | ".join(_times(record, what) for what in ("recovery", "lag"))
        lines.append(f"| {' | '.join(cells)} | {times} | {record['events_per_second'] or ''} |")
    versions = sorted({json.dumps(record["versions"], sort_keys=True) for record in found})
    return "\n".join([*lines, "", *versions, ""])


def _times(record: dict[str, Any], what: str) -> str:
    p50, most = record[f"{what}_p50_ms"], record[f"{what}_max_ms"]
    return "" if p50 is None else f"{p50} / {most}"


if __name__ == "__main__":
    sys.stdout.write(table(Path(sys.argv[1])))
