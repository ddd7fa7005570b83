"""A process with eventsourcing's ``ProjectionRunner``: ``python -m benchmarks.peers.eventsourcing_runner URL``.

It says ``ready`` when it has subscribed, and ends when its input does.
"""

import argparse
import sys

from eventsourcing.projection import ProjectionRunner

from benchmarks.peers.eventsourcing_accounts import Accounts
from benchmarks.peers.eventsourcing_postgres import AccountsProjection, AccountsView, environment
from benchmarks.workloads.child import READY


def main() -> None:
    parser = argparse.ArgumentParser(description="Project the accounts as eventsourcing does.")
    parser.add_argument("url")
    parser.add_argument("--uvloop", action="store_true", help="has no meaning here: it runs threads")
    with ProjectionRunner(
        application_class=Accounts,
        projection_class=AccountsProjection,
        view_class=AccountsView,
        env=environment(parser.parse_args().url),
    ):
        print(READY, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
