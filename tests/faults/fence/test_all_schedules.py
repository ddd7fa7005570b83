"""The schedules that the fence is tried with are all there are, up to exchanges that nobody can tell."""

import itertools

from tests.faults.fence.schedules import APPENDERS, LAST_SLOT, Times, all_times


def test_every_order_of_steps_is_like_one_that_is_played() -> None:
    played = {tuple(each.seen for each in times) for times in all_times()}
    one = [Times(*each) for each in itertools.combinations_with_replacement(range(LAST_SLOT + 1), 3)]
    for times in itertools.product(one, repeat=APPENDERS):
        in_order_of_draws = sorted(times, key=lambda each: each.draw)
        assert tuple(each.seen for each in in_order_of_draws) in played
