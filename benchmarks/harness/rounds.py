"""Runs the cases of a comparison interleaved: A B C A B C, so that a noisy minute hits all of them alike."""

import gc
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.harness.case import Comparison, Sample

Samples = Mapping[str, Sequence[Sample]]
"""By the case's name, a sample of each round."""

LEAST_ROUNDS = 5


async def run(comparison: Comparison, folder: Path, *, rounds: int = LEAST_ROUNDS) -> Samples:
    """Open all cases, warm each up with a round that does not count, and run them in turn.

    Args:
        comparison: what is compared.
        folder: an empty folder; each case gets one of its own in it.
        rounds: how many rounds count.
    """
    names = [case.name for case in comparison.cases]
    assert len(set(names)) == len(names), f"two cases of {comparison.name} have one name"
    samples: dict[str, list[Sample]] = {name: [] for name in names}
    async with AsyncExitStack() as stack:
        opened = []
        for number, case in enumerate(comparison.cases):
            own = folder / str(number)
            own.mkdir()
            opened.append((case.name, await stack.enter_async_context(case.open(own))))
        for number in range(rounds + 1):
            for name, round_of in opened:
                gc.collect()  # one case's garbage is not another one's time
                sample = await round_of()
                if number:
                    samples[name].append(sample)
    return samples
