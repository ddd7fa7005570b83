"""Changes that follow each other are waited for, but not for long."""

from duolog.projections.refresh_pace import RefreshPace

INTERVAL, DELAY = 1.0, 5.0


def pace() -> RefreshPace:
    return RefreshPace(interval=INTERVAL, delay=DELAY)


def test_a_lone_change_is_due_as_soon_as_it_has_come_to_rest() -> None:
    """Two looks that show the same suffice; the first one alone does not."""
    looks = pace()
    rest = looks.rest("a", 10.0)
    assert 0 < rest < INTERVAL
    assert looks.rest("a", 10.0 + rest) == 0


def test_the_next_refresh_does_not_begin_before_the_interval_is_over() -> None:
    """However long a change has been at rest."""
    looks = pace()
    looks.began(10.0)
    assert looks.rest("b", 10.1) == 10.0 + INTERVAL - 10.1
    assert looks.rest("b", 10.5) > 0
    assert looks.rest("b", 10.0 + INTERVAL) == 0


def test_whoever_is_in_haste_waits_for_no_interval() -> None:
    """The change only has to come to rest."""
    looks = pace()
    looks.began(10.0)
    assert 0 < looks.rest("b", 10.1, in_haste=True) < INTERVAL
    assert looks.rest("b", 10.2, in_haste=True) == 0


def test_changes_without_end_are_waited_for_until_the_delay_is_over() -> None:
    """Each look shows another one; the refresh begins so long after the first of them."""
    looks, now = pace(), 10.0
    for count in range(1_000):
        rest = looks.rest(count, now)
        if not rest:
            break
        now += rest
    assert DELAY <= now - 10.0 < DELAY + INTERVAL


def test_the_delay_begins_anew_with_a_refresh() -> None:
    """What was waited for is in the view then; what comes behind it is another change."""
    looks = pace()
    looks.rest("a", 10.0)
    looks.began(14.9)
    assert looks.rest("b", 16.0) > 0
    assert looks.rest("c", 16.1) > 0
