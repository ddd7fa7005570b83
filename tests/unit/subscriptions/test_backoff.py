from duolog.subscriptions.backoff import Backoff


def test_pauses_double_from_the_first_to_the_last_with_up_to_half_more() -> None:
    backoff = Backoff(first=0.05, last=5.0)
    pauses = [backoff.pause() for _ in range(2_000)]
    for attempt, pause in enumerate(pauses[:6]):
        assert 0.05 * 2**attempt <= pause <= 0.05 * 2**attempt * 1.5
    assert max(pauses) == pauses[-1] == 5.0


def test_pauses_differ_between_those_who_wait() -> None:
    assert len({Backoff(first=1, last=5).pause() for _ in range(20)}) > 1


def test_a_reset_begins_with_the_shortest_pause_again() -> None:
    backoff = Backoff(first=0.05, last=5.0)
    for _ in range(10):
        backoff.pause()
    backoff.reset()
    assert backoff.pause() <= 0.075
