"""What the figures were measured on."""

import os
import platform
import sqlite3
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")


def describe_machine() -> list[str]:
    """Return lines that say which machine this is."""
    load = f"; load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return [
        f"CPU: {_cpu()}, {os.cpu_count()} cores shared by client and database{load}",
        f"system: {platform.system()} {platform.release()}",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        f"date: {datetime.now(UTC):%Y-%m-%d}",
    ]


def describe_packages(*names: str) -> str:
    """Return the versions of the packages that are compared."""
    return ", ".join(f"{name} {version(name)}" for name in names)


def _cpu() -> str:
    if _CPU_INFO.is_file():
        for line in _CPU_INFO.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
