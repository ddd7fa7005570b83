"""Run all mutants, or those whose names contain one of the arguments: ``python -m tests.mutants [name ...]``."""

import sys
from collections.abc import Sequence

from tests.mutants.catalogue import MUTANTS
from tests.mutants.runner import Verdict, run_clean, run_mutants

_SAY = sys.stdout.write


def main(wanted: Sequence[str]) -> int:
    """Print a table with a line for each mutant; return 1 unless all of them are killed."""
    mutants = [mutant for mutant in MUTANTS if not wanted or any(part in mutant.name for part in wanted)]
    if not mutants:
        _SAY("no mutant has such a name\n")
        return 1
    _SAY(f"the tests of {len(mutants)} mutants on the code as it is ...\n")
    failure = run_clean(mutants)
    if failure:
        _SAY(f"{failure}\nthey must pass first\n")
        return 1
    width = max(len(mutant.name) for mutant in mutants)
    survivors = 0
    for outcome in run_mutants(mutants):
        _SAY(f"{outcome.verdict.value:9}  {outcome.mutant.name:{width}}  {outcome.mutant.promise}\n")
        sys.stdout.flush()
        if outcome.verdict is not Verdict.KILLED:
            survivors += 1
            _SAY(f"{outcome.output}\n")
    _SAY(f"{len(mutants) - survivors} of {len(mutants)} killed\n")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
