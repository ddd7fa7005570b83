"""Which files of tests take longest: they begin first, so that no process is left alone with one at the end."""

from typing import Final

import pytest

HEAVY: Final = (
    "architecture/test_types.py",
    "docs/test_console_blocks.py",
    "acceptance/test_command_line.py",
    "acceptance/test_users_over_http.py",
    "acceptance/test_real_log.py",
    "acceptance/test_workers.py",
    "faults/test_killed_reactors.py",
    "contract/test_postgres_15.py",
    "contract/test_pgbouncer.py",
    "contract/test_postgres.py",
    "acceptance/test_promotion.py",
    "unit/examples_users/test_commands.py",
    "unit/examples_users/test_queries.py",
    "faults/workers/test_tormented_workers.py",
    "unit/examples_users/test_sign_in.py",
    "faults/test_killed_projectors.py",
    "faults/storm/test_storm.py",
    "faults/test_cached_answers.py",
    "integration/servers/test_life_time.py",
    "faults/workers/test_link_down.py",
    "acceptance/test_demo.py",
    "contract/test_model.py",
    "unit/cli/test_export_and_import.py",
    "acceptance/test_real_staff.py",
    "integration/postgres/test_replicas.py",
    "contract/test_sqlite.py",
)


def heavy_first(items: list[pytest.Item]) -> None:
    """Sort tests by how long their files take; those of one file stay as they are."""
    places = {f"tests/{name}": place for place, name in enumerate(HEAVY)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))
